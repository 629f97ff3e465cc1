//! Evidence of what went wrong in rooms. The client is the receiver.

use reports::{
    escape,
    model::{Evidence, EvidenceKind},
};

use crate::{
    ledger::{Fate, Finding},
    rooms::{Delivery, MissingDeliveries},
    worker::evidence::{EventContext, EvidenceLog, SHOWN},
};

impl EvidenceLog {
    /// Adds an event that is no delivery. It is about the message of `about`, if that is known.
    pub(super) fn finding_in_room(
        &mut self,
        context: &EventContext<'_>,
        finding: Finding,
        about: Option<Delivery>,
        received: &[u8],
    ) {
        let kind = finding.evidence();
        if !self.has_room(kind) {
            return;
        }
        let detail = about.map(|delivery| match finding {
            Finding::Misrouted { .. } => "of another room".to_owned(),
            _ => self.due(delivery),
        });
        self.keep(Evidence {
            sender: about.map(|delivery| delivery.sender),
            sequence: about.map(|delivery| delivery.sequence),
            received: Some(escape(received, SHOWN)),
            received_bytes: Some(received.len() as u64),
            detail,
            ..self.blank(context, kind)
        });
    }

    /// Adds a delivery that a later message of its sender overtook.
    pub(super) fn overtaken(&mut self, context: &EventContext<'_>, delivery: Delivery) {
        self.delivery(context, EvidenceKind::Reordered, delivery);
    }

    /// Adds a delivery of a message that was never sent.
    pub(super) fn never_sent(&mut self, context: &EventContext<'_>, delivery: Delivery) {
        self.delivery(context, EvidenceKind::Unexpected, delivery);
    }

    /// Adds deliveries that did not come, one by one.
    pub(super) fn missing(&mut self, context: &EventContext<'_>, fate: Fate, missing: &MissingDeliveries) {
        let kind = match fate {
            Fate::Lost => EvidenceKind::Lost,
            Fate::Undetermined => EvidenceKind::Undetermined,
            Fate::Damaged | Fate::UndeterminedByPlan => return,
        };
        let MissingDeliveries { sender, ref sequences, .. } = *missing;
        for sequence in sequences.clone() {
            if !self.has_room(kind) {
                return;
            }
            self.keep(Evidence { sender: Some(sender), sequence: Some(sequence), ..self.blank(context, kind) });
        }
    }

    fn delivery(&mut self, context: &EventContext<'_>, kind: EvidenceKind, delivery: Delivery) {
        if self.has_room(kind) {
            let Delivery { sender, sequence, .. } = delivery;
            let detail = Some(self.due(delivery));
            let blank = self.blank(context, kind);
            self.keep(Evidence { sender: Some(sender), sequence: Some(sequence), detail, ..blank });
        }
    }

    fn due(&self, delivery: Delivery) -> String {
        format!("due at {:.6} s", self.seconds(delivery.due))
    }
}
