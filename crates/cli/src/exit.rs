//! Exit codes: what a script may rely on.

use std::process::ExitCode;

/// How a command ended. Of several, the most pressing counts: [`Exit::and`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, or nothing to do. Waiting invites are fine.
    #[default]
    Clean,
    /// 2: there are changes, or adoptions to remember. Only with `--detailed-exitcode`.
    Changes,
    /// 3: something was refused or is held.
    Refused,
    /// 4: a scope was not seen, or a change failed.
    Partial,
    /// 1: an error, of the manifests or of orgform's surroundings.
    Error,
}

impl Exit {
    /// The number that the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Partial => 4,
        }
    }

    /// The reverse of [`Exit::code`]; any other number is an error.
    pub(crate) fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Clean,
            2 => Self::Changes,
            3 => Self::Refused,
            4 => Self::Partial,
            _ => Self::Error,
        }
    }

    /// The more pressing of two: an error, then partial, then refused, then changes.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        let rank = |exit: Self| match exit {
            Self::Clean => 0,
            Self::Changes => 1,
            Self::Refused => 2,
            Self::Partial => 3,
            Self::Error => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_pressing_of_several_ends_counts() {
        use Exit::{Changes, Clean, Error, Partial, Refused};
        let all = [Clean, Changes, Refused, Partial, Error];
        for (less, a) in all.iter().enumerate() {
            for b in &all[less..] {
                assert_eq!((a.and(*b), b.and(*a)), (*b, *b));
            }
        }
        assert_eq!(all.map(|exit| Exit::of_code(exit.code())), all);
    }
}
