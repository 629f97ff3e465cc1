//! The result file's own format.

use std::io;

use super::{Render, invalid_data};
use crate::{
    judge::Judgement,
    model::Report,
    store::{to_json, to_json_line},
};

/// The result file, on any output. See [`crate::store`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Render for Json {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let text = to_json(report, judgement).map_err(invalid_data)?;
        out.write_all(text.as_bytes())
    }
}

/// The result file on one line, for a log that others write to as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonLine;

impl Render for JsonLine {
    fn render(&self, report: &Report, judgement: &Judgement, out: &mut dyn io::Write) -> io::Result<()> {
        let text = to_json_line(report, judgement).map_err(invalid_data)?;
        out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge::judge, model::sample};

    #[test]
    fn the_output_is_a_result_and_nothing_else() {
        let report = sample::violation();
        let judgement = judge(&report, &[]);
        let mut out = Vec::new();
        Json.render(&report, &judgement, &mut out).unwrap();
        assert_eq!(crate::store::from_json(&out).unwrap(), (report, judgement));
    }

    #[test]
    fn a_result_fits_in_one_line() {
        let mut report = sample::violation();
        report.target.url = "ws://host/a\nb\u{2028}c".to_owned();
        let judgement = judge(&report, &[]);
        let mut out = Vec::new();
        JsonLine.render(&report, &judgement, &mut out).unwrap();
        assert_eq!(crate::store::from_json(&out).unwrap(), (report, judgement));
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("{\"schema\":") && text.ends_with("}\n"), "{text}");
        assert_eq!((text.lines().count(), text.contains('\r')), (1, false));
    }

    #[test]
    fn a_report_that_json_cannot_hold_is_an_error() {
        let mut report = sample::pass();
        report.generator.cpu_s = f64::NAN;
        let error = Json.render(&report, &judge(&report, &[]), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
