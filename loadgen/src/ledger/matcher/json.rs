//! Finds numbers at one place of a JSON text, without building anything of the rest.
//!
//! Numbers are whole: digits, as a number or as a string. `17.0`, `1e3` and `"017"` are none. Where
//! an object has a name twice, the last counts, as with most readers.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::plan::JsonPointer;

/// A place in JSON texts.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct JsonPlace {
    /// Names and indices that lead to it.
    path: Vec<String>,
}

/// Whole numbers, in the order in which they stand there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    first: Option<u64>,
    more: Vec<u64>,
}

/// What an event holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonNumbers {
    /// It is no JSON text.
    None,
    /// A JSON text with these numbers at the place.
    One(Numbers),
    /// A JSON text, and something behind it. The numbers are those of all JSON texts there.
    Several(Numbers),
}

impl Numbers {
    #[inline]
    pub(super) fn add(&mut self, number: u64) {
        match self.first {
            None => self.first = Some(number),
            Some(_) => self.more.push(number),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.first.into_iter().chain(self.more.iter().copied())
    }

    /// The only number.
    pub(super) fn only(&self) -> Option<u64> {
        self.first.filter(|_| self.more.is_empty())
    }

    fn clear(&mut self) {
        self.first = None;
        self.more.clear();
    }
}

/// The number of these digits, if they are how JSON writes a whole number.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    let plain = text == b"0" || (matches!(text.first(), Some(b'1'..=b'9')) && text.iter().all(u8::is_ascii_digit));
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

impl JsonPlace {
    pub(super) fn new(pointer: &JsonPointer) -> Self {
        Self { path: pointer.tokens().to_vec() }
    }

    /// The numbers in `event`. If it is `batched`, arrays are looked into: one that is the whole
    /// text, and one that stands at the place.
    pub(super) fn read(&self, event: &[u8], batched: bool) -> JsonNumbers {
        let mut numbers = Numbers::default();
        let mut json = serde_json::Deserializer::from_slice(event);
        let into_elements = batched && self.path.first().is_none_or(|name| index(name).is_none());
        let at = At { path: &self.path, batched, into_elements, numbers: &mut numbers };
        if at.deserialize(&mut json).is_err() {
            JsonNumbers::None
        } else if json.end().is_ok() {
            JsonNumbers::One(numbers)
        } else {
            self.read_all(event, batched)
        }
    }

    /// The numbers in all JSON texts of an event.
    #[cold]
    fn read_all(&self, event: &[u8], batched: bool) -> JsonNumbers {
        let (mut all, mut start) = (Numbers::default(), 0);
        let mut texts = serde_json::Deserializer::from_slice(event).into_iter::<IgnoredAny>();
        while let Some(Ok(_)) = texts.next() {
            let text = &event[start..texts.byte_offset()];
            start = texts.byte_offset();
            if let JsonNumbers::One(numbers) = self.read(text, batched) {
                numbers.iter().for_each(|number| all.add(number));
            }
        }
        JsonNumbers::Several(all)
    }
}

/// The index that a name of a pointer is in an array (RFC 6901, section 4).
fn index(name: &str) -> Option<usize> {
    digits(name.as_bytes()).and_then(|index| usize::try_from(index).ok())
}

/// Reads the value that a path leads to.
struct At<'a> {
    path: &'a [String],
    /// Numbers in an array count as well.
    batched: bool,
    /// The path leads into each element of an array.
    into_elements: bool,
    numbers: &'a mut Numbers,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((name, rest)) = self.path.split_first() else {
            return IgnoredAny.visit_map(map).map(drop);
        };
        while let Some(is_ours) = map.next_key_seed(IsName(name))? {
            if is_ours {
                self.numbers.clear();
                map.next_value_seed(At {
                    path: rest,
                    batched: self.batched,
                    into_elements: false,
                    numbers: self.numbers,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let Self { path, batched, into_elements, numbers } = self;
        if into_elements || (batched && path.is_empty()) {
            // Each element on its own, as a name that is there twice clears what was before.
            let mut of_element = Numbers::default();
            loop {
                let element = At { path, batched: false, into_elements: false, numbers: &mut of_element };
                if array.next_element_seed(element)?.is_none() {
                    return Ok(());
                }
                of_element.iter().for_each(|number| numbers.add(number));
                of_element.clear();
            }
        }
        let Some((at, rest)) = path.split_first().and_then(|(name, rest)| Some((index(name)?, rest))) else {
            return IgnoredAny.visit_seq(array).map(drop);
        };
        for _ in 0..at {
            if array.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        array.next_element_seed(At { path: rest, batched, into_elements: false, numbers })?;
        IgnoredAny.visit_seq(array).map(drop)
    }

    #[inline]
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if self.path.is_empty() {
            self.numbers.add(number);
        }
        Ok(())
    }

    #[inline]
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if let Some(number) = digits(text.as_bytes()).filter(|_| self.path.is_empty()) {
            self.numbers.add(number);
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Whether a name in an object is this one.
struct IsName<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    #[inline]
    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// JSON texts in which names, indices and numbers of the pointers below are likely, with names
    /// that are there twice and escapes.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "7",
            "12",
            "0",
            "-3",
            "7.0",
            "1e2",
            "\"7\"",
            "\"07\"",
            "\"\"",
            "\"\\u0037\"",
            "null",
            "true",
            "\"a\\\"b\"",
            "9007199254740993",
            "18446744073709551616",
        ]);
        let name = prop::sample::select(vec!["\"a\"", "\"b\"", "\"\\u0061\"", "\"0\"", "\"a/b\"", "\"\"", "\"é\""]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 40, 5, move |inner| {
            let fields = prop::collection::vec((name.clone(), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(|elements| format!("[{}]", elements.join(" ,"))),
                fields.prop_map(|fields| {
                    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name} :{value}")).collect();
                    format!("{{ {}\n}}", fields.join(", "))
                }),
            ]
        })
    }

    /// The number at a place, by way of the whole value.
    fn by_value(text: &str, pointer: &str) -> Option<u64> {
        match serde_json::from_str::<Value>(text).unwrap().pointer(pointer)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => digits(text.as_bytes()),
            _ => None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn finds_what_is_at_the_pointer(
            text in json(),
            pointer in prop::sample::select(vec!["", "/a", "/a/b", "/b/0", "/0", "/1/a", "/a~1b", "/", "/é", "/a/a/a"]),
        ) {
            let place = JsonPlace::new(&pointer.parse().unwrap());
            let JsonNumbers::One(numbers) = place.read(text.as_bytes(), false) else { panic!("{text}") };
            prop_assert_eq!(numbers.iter().collect::<Vec<_>>(), Vec::from_iter(by_value(&text, pointer)), "{}", text);
        }

        #[test]
        fn what_is_cut_is_no_json(text in json(), at in any::<prop::sample::Index>()) {
            prop_assume!(text.starts_with(['{', '[']));
            let place = JsonPlace::new(&"/a".parse().unwrap());
            prop_assert_eq!(place.read(&text.as_bytes()[..at.index(text.len())], false), JsonNumbers::None);
        }
    }
}
