//! `loadgen import`: what a browser recorded becomes a plan file.

use std::fs::File;

use loadgen::import::{Import, ImportError, Imported};
use program::{Channel, Exit};
use reports::store;

use crate::{
    cli::{Destination, ImportArgs},
    command_error::CommandError,
    export::{Saved, put},
    terminal::{print_bytes, tell},
};

/// Makes a plan of a recording; how the process ends.
pub(super) fn import(args: &ImportArgs) -> Result<Exit, CommandError> {
    args.check()?;
    let data = args.data();
    let name = data.file_name().unwrap_or_default().to_string_lossy();
    let file = args.recording.display().to_string();
    let failed = |error: std::io::Error| {
        let what = format!("the recording can't be read: {error}");
        ImportError { file: file.clone(), place: None, what }
    };
    let source = File::open(&args.recording).map_err(failed)?;
    let entry = args.entry.map(|number| number.0.get());
    let imported = Import { file: &file, data: &name, entry }.read(source)?;
    let mut saved = Saved::default();
    save(args, &imported, &mut saved);
    if !args.console.quiet {
        imported.notes.iter().for_each(|note| tell(format!("loadgen: {note}")));
    }
    Ok(saved.exit(Exit::Pass))
}

fn save(args: &ImportArgs, Imported { plan, data, .. }: &Imported, saved: &mut Saved) {
    let Destination::File(path) = &args.out else {
        saved.note("--out", print_bytes(Channel::Stdout, plan.as_bytes()));
        if let Some(data) = data.as_ref().filter(|_| !args.console.quiet) {
            tell(format!("loadgen: the plan needs a file {}, such as:\n{data}", args.data().display()));
        }
        return;
    };
    saved.note("--out", put(&args.out, |out| out.write_all(plan.as_bytes())));
    let said = match data {
        None => String::new(),
        Some(_) if args.data().exists() => {
            format!(" {} was there already: look whether it has all columns.", args.data().display())
        }
        Some(data) => {
            let file = args.data();
            saved.note(&file.display().to_string(), store::write_bytes(&file, data.as_bytes()));
            format!(" Fill in {}, one row a client.", file.display())
        }
    };
    if !args.console.quiet {
        let path = path.display();
        tell(format!("loadgen: {path} is a first guess: read it, and check it with `loadgen plan {path}`.{said}"));
    }
}
