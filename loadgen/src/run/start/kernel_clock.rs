//! What the kernel says of the clock of this system, which a time service may keep in step.

use reports::model::ClockRecord;

/// Microseconds and nanoseconds of a second.
const MICROS: f64 = 1e6;
const NANOS: f64 = 1e9;

/// The state of this system's clock. None where it does not tell.
pub(super) fn describe() -> Option<ClockRecord> {
    read().map(|(state, clock)| record(state, &clock))
}

/// Asks the kernel for the state of its clock and what it knows of it (adjtimex(2)).
#[expect(unsafe_code, reason = "no library has this call")]
fn read() -> Option<(libc::c_int, libc::timex)> {
    let mut clock = std::mem::MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: All fields are numbers, so zeros are a valid value. In it `modes` is 0, with which
    // the call changes nothing and needs no privilege. It writes to the structure that it is given,
    // which lives until it is read here.
    let (state, clock) = unsafe { (libc::adjtimex(clock.as_mut_ptr()), clock.assume_init()) };
    (state >= 0).then_some((state, clock))
}

/// What the `state` that the call returned and its structure mean.
fn record(state: libc::c_int, clock: &libc::timex) -> ClockRecord {
    let of_a_second = if clock.status & libc::STA_NANO == 0 { MICROS } else { NANOS };
    ClockRecord {
        synchronized: state != libc::TIME_ERROR && clock.status & libc::STA_UNSYNC == 0,
        offset_s: clock.offset as f64 / of_a_second,
        max_error_s: (clock.maxerror as f64 / MICROS).max(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(status: libc::c_int, offset: i32, maxerror: i32) -> libc::timex {
        let (_, clock) = read().expect("Linux tells");
        libc::timex { status, offset: offset.into(), maxerror: maxerror.into(), ..clock }
    }

    #[test]
    fn offsets_are_in_the_unit_that_the_kernel_says() {
        let micros = record(libc::TIME_OK, &clock(0, -250, 12_000));
        assert_eq!(micros, ClockRecord { synchronized: true, offset_s: -0.000_25, max_error_s: 0.012 });
        let nanos = record(libc::TIME_OK, &clock(libc::STA_NANO, 250, 12_000));
        assert_eq!(nanos, ClockRecord { synchronized: true, offset_s: 0.000_000_25, max_error_s: 0.012 });
    }

    #[test]
    fn a_clock_that_nobody_keeps_is_not_synchronized() {
        for (state, status) in [(libc::TIME_ERROR, 0), (libc::TIME_OK, libc::STA_UNSYNC)] {
            assert!(!record(state, &clock(status, 0, 16_000_000)).synchronized, "{state} {status}");
        }
    }

    #[test]
    fn this_systems_clock_has_finite_errors() {
        let Some(clock) = describe() else { return };
        assert!(clock.offset_s.abs() < 1.0 && (0.0..100.0).contains(&clock.max_error_s), "{clock:?}");
    }
}
