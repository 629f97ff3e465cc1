//! Which shard a process is, as the launcher that started it says in the environment.

use super::Shard;

/// A launcher, by the variables in which it numbers its processes. Numbers begin with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Launcher {
    name: &'static str,
    number: &'static str,
    of: &'static str,
}

/// Open MPI's `mpirun` (<https://docs.open-mpi.org/en/v5.0.x/tuning-apps/environment-var.html>).
const OPEN_MPI: Launcher = Launcher { name: "Open MPI", number: "OMPI_COMM_WORLD_RANK", of: "OMPI_COMM_WORLD_SIZE" };

/// Process managers that speak PMI: MPICH's `mpirun`, and those of Intel MPI and MVAPICH.
const PMI: Launcher = Launcher { name: "PMI", number: "PMI_RANK", of: "PMI_SIZE" };

/// A step of Slurm (<https://slurm.schedmd.com/srun.html>, output environment variables).
const SLURM: Launcher = Launcher { name: "Slurm", number: "SLURM_PROCID", of: "SLURM_NTASKS" };

/// An Indexed Job of Kubernetes numbers its pods. How many there are is no variable of its own, so
/// `loadgen kubernetes` adds one.
const KUBERNETES: Launcher = Launcher { name: "Kubernetes", number: "JOB_COMPLETION_INDEX", of: "LOADGEN_SHARDS" };

/// Steps of Slurm from this number on are none of `srun`: a batch script, an interactive shell
/// (`slurm/slurm.h`).
const SPECIAL_STEPS: u32 = 0xffff_fff0;

/// Why the environment does not tell which shard a process is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // The messages say it.
pub enum LauncherError {
    #[error(
        "no launcher numbered this process: there is neither OMPI_COMM_WORLD_RANK (Open MPI), PMI_RANK (MPICH and \
         others), SLURM_PROCID (Slurm) nor JOB_COMPLETION_INDEX (Kubernetes); say which shard it is, as in --shard 1/4"
    )]
    None,
    #[error("{launcher}: {set} is set, and {missing} is not; set both, or give --shard K/N{hint}",
        hint = if *.missing == KUBERNETES.of { "; `loadgen kubernetes` writes a Job that has it" } else { "" })]
    HalfSet { launcher: &'static str, set: &'static str, missing: &'static str },
    #[error("{name}={value:?} is not a whole number up to 4294967295; give --shard K/N")]
    NotANumber { name: &'static str, value: String },
    #[error(
        "{number_name}={number} and {of_name}={of} contradict each other: numbers go from 0 to one less than there \
         are; give --shard K/N"
    )]
    Beyond { number_name: &'static str, number: u32, of_name: &'static str, of: u32 },
    #[error("{name}={value} and {other_name}={other} contradict each other; unset one of them, or give --shard K/N")]
    Contradiction { name: &'static str, value: u32, other_name: &'static str, other: u32 },
    #[error(
        "this is a batch script or a shell of Slurm (SLURM_JOB_ID={job}), and no step: its processes have no numbers; \
         start loadgen with srun, which numbers them"
    )]
    NoStep { job: String },
}

impl Shard {
    /// Which shard the process is that has these variables of the environment.
    ///
    /// The innermost launcher counts: Open MPI, PMI, a step of Slurm, an Indexed Job of Kubernetes
    /// with `LOADGEN_SHARDS`. If `LOADGEN_SHARDS` is there, it must be right under the others, too.
    ///
    /// # Errors
    /// No launcher numbered the process, or what it says is incomplete or makes no sense.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, LauncherError> {
        let variable = &variable;
        for launcher in [OPEN_MPI, PMI] {
            if let Some(found) = launcher.find(variable)? {
                return launcher.shard(found, variable);
            }
        }
        if is_step(variable)?
            && let Some(found) = SLURM.find(variable)?
        {
            agree(found.1, SLURM.of, "SLURM_STEP_NUM_TASKS", variable)?;
            return SLURM.shard(found, variable);
        }
        if let Some(found) = KUBERNETES.find(variable)? {
            return KUBERNETES.shard(found, variable);
        }
        Err(variable("SLURM_JOB_ID").map_or(LauncherError::None, |job| LauncherError::NoStep { job }))
    }
}

impl Launcher {
    /// The number of the process, and how many there are; none if the launcher did not start it.
    fn find(self, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<(u32, u32)>, LauncherError> {
        let half = |set, missing| LauncherError::HalfSet { launcher: self.name, set, missing };
        match (number(self.number, variable)?, number(self.of, variable)?) {
            (Some(number), Some(of)) => Ok(Some((number, of))),
            (Some(_), None) => Err(half(self.number, self.of)),
            (None, Some(_)) => Err(half(self.of, self.number)),
            (None, None) => Ok(None),
        }
    }

    fn shard(
        self,
        (number, of): (u32, u32),
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Shard, LauncherError> {
        let (number_name, of_name) = (self.number, self.of);
        agree(of, of_name, KUBERNETES.of, variable)?;
        let shard = number.checked_add(1).and_then(|number| Shard::new(number, of).ok());
        shard.ok_or(LauncherError::Beyond { number_name, number, of_name, of })
    }
}

/// Whether the process is of a step of Slurm that `srun` started.
fn is_step(variable: &impl Fn(&str) -> Option<String>) -> Result<bool, LauncherError> {
    Ok(number("SLURM_STEP_ID", variable)?.is_some_and(|step| step < SPECIAL_STEPS))
}

/// Finds that another variable, if it is there, says something else.
fn agree(
    value: u32,
    name: &'static str,
    other_name: &'static str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(), LauncherError> {
    match number(other_name, variable)? {
        Some(other) if other != value => Err(LauncherError::Contradiction { name, value, other_name, other }),
        _ => Ok(()),
    }
}

/// The number that a variable has; none if it is not there.
fn number(name: &'static str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<u32>, LauncherError> {
    let Some(value) = variable(name) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| LauncherError::NotANumber { name, value })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// `variables` such as `PMI_RANK=1 PMI_SIZE=4`.
    fn shard(variables: &str) -> Result<String, String> {
        let variables: HashMap<_, _> = variables.split_whitespace().filter_map(|one| one.split_once('=')).collect();
        let shard = Shard::from_environment(|name| variables.get(name).map(|value| (*value).to_owned()));
        shard.map(|shard| shard.to_string()).map_err(|error| error.to_string())
    }

    const STEP: &str = "SLURM_JOB_ID=7 SLURM_STEP_ID=0 SLURM_PROCID=2 SLURM_NTASKS=3";

    #[test]
    fn each_launcher_is_understood() {
        let found = |variables, expected: &str| assert_eq!(shard(variables).as_deref(), Ok(expected), "{variables}");
        found("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", "1/4");
        found("PMI_RANK=3 PMI_SIZE=4", "4/4");
        found(STEP, "3/3");
        found("JOB_COMPLETION_INDEX=19 LOADGEN_SHARDS=20", "20/20");
        found("PMI_RANK=0 PMI_SIZE=1", "1/1");
    }

    #[test]
    fn the_innermost_launcher_counts() {
        let inner = |variables: &str, expected: &str| {
            assert_eq!(shard(&format!("{variables} {STEP}")).as_deref(), Ok(expected), "{variables}");
        };
        // Under mpirun, Slurm numbers the daemons that start the processes.
        inner("OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8", "6/8");
        inner("PMI_RANK=5 PMI_SIZE=8", "6/8");
        inner("OMPI_COMM_WORLD_RANK=5 OMPI_COMM_WORLD_SIZE=8 PMI_RANK=0 PMI_SIZE=2", "6/8");
        inner("JOB_COMPLETION_INDEX=0 LOADGEN_SHARDS=3", "3/3");
        // In a batch script, a loop may number its processes.
        let batch = "SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_NTASKS=3 JOB_COMPLETION_INDEX=0 LOADGEN_SHARDS=2";
        assert_eq!(shard(batch).as_deref(), Ok("1/2"));
    }

    #[test]
    fn an_environment_that_does_not_tell_is_refused() {
        let refused = [
            "",
            "OMPI_COMM_WORLD_RANK=0",
            "PMI_SIZE=4",
            "SLURM_STEP_ID=0 SLURM_PROCID=1",
            "JOB_COMPLETION_INDEX=3",
            "LOADGEN_SHARDS=3",
            "PMI_RANK=one PMI_SIZE=4",
            "PMI_RANK=-1 PMI_SIZE=4",
            "PMI_RANK= PMI_SIZE=4",
            "PMI_RANK=4 PMI_SIZE=4",
            "PMI_RANK=0 PMI_SIZE=0",
            "JOB_COMPLETION_INDEX=4294967295 LOADGEN_SHARDS=4294967295",
            "SLURM_STEP_ID=0 SLURM_PROCID=1 SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=2",
            "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4 LOADGEN_SHARDS=20",
            "SLURM_JOB_ID=7 SLURM_PROCID=0 SLURM_NTASKS=4",
            "SLURM_JOB_ID=7 SLURM_STEP_ID=4294967291 SLURM_PROCID=0 SLURM_NTASKS=4",
            "SLURM_JOB_ID=7 SLURM_NTASKS=4",
        ];
        let rows = refused.map(|variables| format!("{variables}\n  {}", shard(variables).unwrap_err()));
        insta::assert_snapshot!(rows.join("\n"));
    }
}
