//! Keys about messages, dialogue and rooms become what a plan has, and the reverse.

use std::path::{self, Path, PathBuf};

use super::{
    AnswerKeys, CaptureKey, DialogueKeys, HexOrFile, MessageKeys, Number, RoomKeys, SizeDistribution, SizeRule,
    StepKeys, TextOrFile,
};
use crate::{
    message::{MessageKind, Template},
    plan::{Answer, Dialogue, JoinStep, Messages, PlanError, RoomBy, Rooms, Sizes},
};

/// Most characters of a text that a refusal shows.
const SHOWN: usize = 60;

/// A path from the root, so that it means the same file in another folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Makes a template of the text of a key.
fn template(key: &'static str, text: &TextOrFile) -> Result<Template, PlanError> {
    let refused = |why: String| {
        let shown = text.to_string();
        let is_short = shown.chars().count() <= SHOWN && !shown.contains('\n');
        PlanError { group: None, key, value: is_short.then_some(shown), why }
    };
    text.text().map_err(refused)?.parse::<Template>().map_err(|error| refused(error.to_string()))
}

/// The text of a template.
fn text(template: &Template) -> TextOrFile {
    TextOrFile::Text(String::from_utf8_lossy(template.as_written()).into_owned())
}

impl MessageKeys {
    /// What is sent.
    pub(super) fn messages(&self) -> Result<Messages, PlanError> {
        if let Some(texts) = &self.message {
            let templates: Result<Vec<_>, _> = texts.iter().map(|text| template("message", text)).collect();
            return at_least_one("message", templates?);
        }
        if let Some(all) = &self.message_hex {
            let refused = |hex: &HexOrFile, why| PlanError::new(None, "message_hex", hex, why);
            let binary = |hex: &HexOrFile| Ok(Template::binary(&hex.bytes().map_err(|why| refused(hex, why))?));
            return at_least_one("message_hex", all.iter().map(binary).collect::<Result<_, _>>()?);
        }
        let sizes = match (&self.size, &self.size_dist) {
            (Some(SizeRule(sizes)), _) => sizes.clone(),
            (None, Some(SizeDistribution(sizes))) => Sizes::Quantiles(sizes.clone()),
            (None, None) => Sizes::default(),
        };
        Ok(Messages::Generated { sizes, mix: self.payload.unwrap_or_default() })
    }

    pub(super) fn of(messages: &Messages) -> Self {
        match messages {
            Messages::Generated { sizes, mix } => {
                let (size, size_dist) = match sizes {
                    Sizes::Quantiles(sizes) => (None, Some(SizeDistribution(sizes.clone()))),
                    sizes => (Some(SizeRule(sizes.clone())), None),
                };
                Self { size, size_dist, payload: Some(*mix), ..Self::default() }
            }
            Messages::Templates(templates) if templates.iter().all(|one| one.kind() == MessageKind::Binary) => {
                let bytes = |template: &Template| HexOrFile::Bytes(template.as_written().to_vec());
                Self { message_hex: Some(templates.iter().map(bytes).collect()), ..Self::default() }
            }
            Messages::Templates(templates) => {
                Self { message: Some(templates.iter().map(text).collect()), ..Self::default() }
            }
        }
    }
}

fn at_least_one(key: &'static str, templates: Vec<Template>) -> Result<Messages, PlanError> {
    if templates.is_empty() {
        let why = "the list is empty; leave it out for messages that loadgen makes up".to_owned();
        return Err(PlanError { group: None, key, value: None, why });
    }
    Ok(Messages::Templates(templates.into()))
}

impl DialogueKeys {
    pub(super) fn dialogue(self) -> Result<Dialogue, PlanError> {
        let step = |StepKeys { send, expect }: StepKeys| {
            let send = send.map(|text| template("on_open", &text)).transpose()?;
            Ok(JoinStep { send, expect })
        };
        let answer = |AnswerKeys { when, send }: AnswerKeys| Ok(Answer { when, send: template("answer", &send)? });
        Ok(Dialogue {
            on_open: self.on_open.into_iter().flatten().map(step).collect::<Result<_, _>>()?,
            answers: self.answer.into_iter().flatten().map(answer).collect::<Result<_, _>>()?,
            ignore: self.ignore.unwrap_or_default(),
            captures: self.capture.into_iter().flatten().map(|CaptureKey(capture)| capture).collect(),
        })
    }

    pub(super) fn of(dialogue: &Dialogue) -> Self {
        let step =
            |JoinStep { send, expect }: &JoinStep| StepKeys { send: send.as_ref().map(text), expect: expect.clone() };
        let answer = |Answer { when, send }: &Answer| AnswerKeys { when: when.clone(), send: text(send) };
        Self {
            on_open: with_entries(dialogue.on_open.iter().map(step).collect()),
            answer: with_entries(dialogue.answers.iter().map(answer).collect()),
            ignore: with_entries(dialogue.ignore.clone()),
            capture: with_entries(dialogue.captures.iter().cloned().map(CaptureKey).collect()),
        }
    }
}

/// A list, if it has entries.
fn with_entries<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

impl RoomKeys {
    pub(super) fn rooms(self) -> Result<Option<Rooms>, PlanError> {
        let Self { room_size, room, publishers, own, durable } = self;
        let by = match (room_size, room) {
            (Some(Number(size)), _) => RoomBy::Size(size),
            (None, Some(name)) => RoomBy::Name(template("room", &name)?),
            (None, None) => {
                let alone =
                    [("publishers", publishers.is_some()), ("own", own.is_some()), ("durable", durable.is_some())];
                let alone = alone.into_iter().find_map(|(key, given)| given.then_some(key));
                let why = || "it is about rooms; --room-size or --room says who is in one".to_owned();
                return alone.map_or(Ok(None), |key| Err(PlanError { group: None, key, value: None, why: why() }));
            }
        };
        Ok(Some(Rooms { by, publishers, own: own.unwrap_or_default(), durable: durable.unwrap_or_default() }))
    }

    pub(super) fn of(rooms: &Rooms) -> Self {
        let durable = Some(rooms.durable);
        let keys = Self { publishers: rooms.publishers, own: Some(rooms.own), durable, ..Self::default() };
        match &rooms.by {
            RoomBy::Size(size) => Self { room_size: Some(Number(*size)), ..keys },
            RoomBy::Name(name) => Self { room: Some(text(name)), ..keys },
        }
    }
}
