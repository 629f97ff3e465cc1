//! Tells texts of a plan apart that a result does not hold, as they may be secret.

use crate::{
    message::{MessageKind, Template, mix},
    plan::{Dialogue, Pattern},
};

/// Eight hexadecimal digits that are equal for equal texts. They tell next to nothing of a secret:
/// one in four thousand million of all texts has the same.
#[derive(Debug, Default)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    /// Of these templates, in this order.
    pub(super) fn of_templates(templates: &[Template]) -> String {
        let mut fingerprint = Self::default();
        for template in templates {
            fingerprint.template(Some(template));
        }
        fingerprint.finish()
    }

    /// Of all that is said and heard.
    pub(super) fn of_dialogue(dialogue: &Dialogue) -> String {
        let mut fingerprint = Self::default();
        let Dialogue { on_open, answers, ignore, captures } = dialogue;
        fingerprint.count(on_open.len());
        for step in on_open {
            fingerprint.template(step.send.as_ref());
            fingerprint.pattern(step.expect.as_ref());
        }
        fingerprint.count(answers.len());
        for answer in answers {
            fingerprint.template(Some(&answer.send));
            fingerprint.pattern(Some(&answer.when));
        }
        for pattern in ignore {
            fingerprint.pattern(Some(pattern));
        }
        for capture in captures {
            fingerprint.bytes(capture.name.as_bytes());
            fingerprint.pattern(Some(&capture.pattern));
        }
        fingerprint.finish()
    }

    fn template(&mut self, template: Option<&Template>) {
        self.count(template.map_or(0, |template| if template.kind() == MessageKind::Text { 1 } else { 2 }));
        self.bytes(template.map_or(b"", |template| template.as_written()));
    }

    fn pattern(&mut self, pattern: Option<&Pattern>) {
        self.count(pattern.is_some().into());
        self.bytes(pattern.map_or("", |pattern| pattern.regex().as_str()).as_bytes());
    }

    /// The length keeps texts apart that are equal when they are joined.
    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn count(&mut self, n: usize) {
        self.word(n as u64);
    }

    fn word(&mut self, word: u64) {
        self.0 = mix(self.0.rotate_left(5) ^ word);
    }

    fn finish(self) -> String {
        format!("{:08x}", mix(self.0) >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::JoinStep;

    #[test]
    fn other_texts_have_another_fingerprint() {
        let of = |texts: &[&str]| {
            Fingerprint::of_templates(&texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
        };
        let all = [of(&["ab", "c"]), of(&["a", "bc"]), of(&["c", "ab"]), of(&["abc"]), of(&["ab", "c", ""])];
        assert!(
            all.iter().all(|one| one.len() == 8 && all.iter().filter(|other| *other == one).count() == 1),
            "{all:?}"
        );
        assert_eq!(of(&["ab", "c"]), all[0]);
        assert!(of(&["ab"]) != Fingerprint::of_templates(&[Template::binary(b"ab")]));
    }

    #[test]
    fn each_part_of_a_dialogue_counts() {
        let step = |send: Option<&str>, expect: Option<&str>| JoinStep {
            send: send.map(|text| text.parse().unwrap()),
            expect: expect.map(|text| text.parse().unwrap()),
        };
        let of = |on_open| Fingerprint::of_dialogue(&Dialogue { on_open, ..Dialogue::default() });
        let steps = [
            of(vec![step(Some("a"), None)]),
            of(vec![step(None, Some("a"))]),
            of(vec![step(Some("a"), Some("a"))]),
            of(vec![step(Some("a"), None), step(None, Some("a"))]),
        ];
        assert!(steps.iter().all(|one| steps.iter().filter(|other| *other == one).count() == 1), "{steps:?}");
        let ignoring = Dialogue { ignore: vec!["a".parse().unwrap()], ..Dialogue::default() };
        assert!(!steps.contains(&Fingerprint::of_dialogue(&ignoring)));
    }
}
