//! Finds that messages can't be compressed as a plan says.

use reports::model::EngineKind;

use crate::plan::{Group, PlanError, RunOptions};

/// Finds that the engine can't compress.
pub(super) fn check(index: usize, run: &RunOptions, group: &Group) -> Result<(), PlanError> {
    if group.connect.compression.is_none() || run.engine == EngineKind::Lean {
        return Ok(());
    }
    let why = "--engine tungstenite has no compression; leave one of them out".to_owned();
    Err(PlanError { group: Some(index), key: "compress", value: None, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Compression, Connect};

    #[test]
    fn the_engine_without_compression_is_refused() {
        let refusal = |engine, compression| {
            let group = Group { connect: Connect { compression, ..Connect::default() }, ..Group::default() };
            let run = RunOptions { engine, ..RunOptions::default() };
            check(0, &run, &group).err().map(|error| error.to_string())
        };
        let some = Some(Compression::default());
        assert_eq!(
            refusal(EngineKind::Tungstenite, some).as_deref(),
            Some("--compress: --engine tungstenite has no compression; leave one of them out")
        );
        assert_eq!(refusal(EngineKind::Lean, some), None);
        assert_eq!(refusal(EngineKind::Tungstenite, None), None);
    }
}
