//! The search file's own format.

use std::io;

use super::RenderSearch;
use crate::{
    render::{Json, invalid_data},
    search::SearchRecord,
    store::search::to_json,
};

impl RenderSearch for Json {
    fn search(&self, record: &SearchRecord, out: &mut dyn io::Write) -> io::Result<()> {
        let text = to_json(record).map_err(invalid_data)?;
        out.write_all(text.as_bytes())
    }
}
