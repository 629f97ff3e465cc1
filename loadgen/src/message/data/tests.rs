use super::*;

/// A file of this name with these bytes, read.
fn read(name: &str, bytes: impl AsRef<[u8]>) -> Result<Data, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Data::read(&path).map_err(|error| error.to_string())
}

fn rows(data: &Data) -> Vec<Vec<&str>> {
    let columns = data.columns.len();
    (0..).take(data.rows()).map(|row| (0..columns).map(|column| data.value(row, column)).collect()).collect()
}

#[test]
fn csv_and_json_lines_are_the_same_rows() {
    let csv = read("a.csv", "user,token\nann,\"x,\"\"1\"\nbob,\n").unwrap();
    let json =
        read("a.jsonl", "{\"user\":\"ann\",\"token\":\"x,\\\"1\"}\n\n{\"token\":\"\",\"user\":\"bob\"}").unwrap();
    for data in [&csv, &json] {
        assert_eq!(data.columns().collect::<Vec<_>>(), ["user", "token"]);
        assert_eq!(rows(data), [["ann", "x,\"1"], ["bob", ""]]);
        assert_eq!((data.column("token"), data.column("x"), data.longest(1)), (Some(1), None, 4));
        assert_eq!(data.values_of(0).collect::<Vec<_>>(), ["ann", "bob"]);
    }
}

#[test]
fn rows_begin_again_with_more_clients() {
    let data = read("a.csv", "user\nann\nbob\ncat\n").unwrap();
    assert_eq!((0..7).map(|client| data.value(client, 0)).collect::<String>(), "annbobcatannbobcatann");
}

#[test]
fn json_that_is_no_text_stands_for_itself() {
    let data = read("a.jsonl", r#"{"a":12345678901234567890123,"b":1.50,"c":null,"d":{"x": [1]},"e":"\u0041"}"#);
    assert_eq!(rows(&data.unwrap()), [["12345678901234567890123", "1.50", "null", "{\"x\": [1]}", "A"]]);
}

#[test]
fn marks_and_line_ends_of_other_systems_are_taken() {
    let data = read("a.CSV", "\u{feff}user,b\r\nann,1\r\n\r\nbob,\"2\r\n3\"").unwrap();
    assert_eq!((data.column("user"), rows(&data)), (Some(0), vec![vec!["ann", "1"], vec!["bob", "2\r\n3"]]));
    assert!(read("a.jsonl", "\u{feff}{\"a\":\"b\"}\r\n").is_ok());
}

#[test]
fn a_refusal_names_line_and_remedy() {
    for (name, bytes, expected) in [
        ("a.txt", &b"a\n1\n"[..], "expected a file NAME.csv (with a header row) or NAME.jsonl"),
        ("a.csv", b"", "it has no row; give one row at least"),
        ("a.csv", b"a,b\n", "it has no row; give one row at least"),
        ("a.csv", b"a,,b\n", "line 1: column 2 has no name; give it one, as templates name it"),
        ("a.csv", b"a,b,a\n", "line 1: two columns are called `a`; rename one"),
        (
            "a.csv",
            b"a, b\n",
            "line 1: the name of column 2, ` b`, has a brace, a control character or a blank at an \
            end, so no template can name it; rename it",
        ),
        (
            "a.csv",
            b"a,b\n1,2\n\"3\n\",4\n5\n",
            "line 5: it has 1 values, and the header row names 2 columns; a value with \
            a comma needs quotes",
        ),
        ("a.csv", b"a\n1\n\xff\n", "line 3: it is not UTF-8; save the file as UTF-8"),
        ("a.jsonl", b"\n\n", "it has no row; give one row at least"),
        ("a.jsonl", b"{}", "line 1: there is no column"),
        ("a.jsonl", b"{\"a\":1,\"a\":2}", "line 1: two columns are called `a`; rename one"),
        ("a.jsonl", b"{\"a\":1}\n{\"a\":1,\"a\":2}", "line 2: `a` is there twice; remove one"),
        (
            "a.jsonl",
            b"{\"a\":1}\n\n{\"b\":2}",
            "line 3: `a`, which the first row has, is missing; give it, empty if \
            need be",
        ),
        (
            "a.jsonl",
            b"{\"a\":1}\n{\"a\":1,\"b\":2}",
            "line 2: `b` is not in the first row; all rows have the same \
            names",
        ),
        (
            "a.jsonl",
            b"{\"a\":1}\n{\"a\":s3cret}",
            "line 2: it is not JSON from column 6 on; each line is an object, \
            such as {\"user\":\"ann\",\"token\":\"x\"}",
        ),
        (
            "a.jsonl",
            b"\"s3cret\"",
            "line 1: it is no JSON object; each line is an object, such as \
            {\"user\":\"ann\",\"token\":\"x\"}",
        ),
        ("a.jsonl", b"{\"a\":\"\xff\"}", "line 1: it is not UTF-8; save the file as UTF-8"),
    ] {
        assert_eq!(read(name, bytes).unwrap_err(), expected);
    }
    assert!(Data::read(Path::new("/nowhere/a.csv")).unwrap_err().to_string().starts_with("cannot be opened"));
}

#[test]
fn values_over_a_mebibyte_are_refused() {
    let refused = read("a.csv", format!("a\n\"{}\n", "x".repeat((1 << 20) + 1))).unwrap_err();
    assert!(refused.contains("the value of `a` has 104857") && !refused.contains("xx"), "{refused}");
}

#[test]
fn debug_output_has_no_values() {
    let shown = format!("{:?}", read("a.csv", "user\ns3cret\n").unwrap());
    assert!(shown.starts_with("1 rows of [\"user\"]") && !shown.contains("s3cret"), "{shown}");
}
