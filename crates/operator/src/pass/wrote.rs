//! What a pass wrote at the provider, for whoever asks later why somebody came or went. Pure.

use orgform_plan::{Outcome, Report};

use super::BTreeMap;
use crate::picture::kind_of;

/// How many addresses are told of each kind of change.
const NAMED: usize = 3;

/// What was done, by kind, and how much was not; none where nothing was.
pub(super) fn wrote(report: &Report) -> Option<String> {
    let done = report.outcomes.iter().filter(|outcome| outcome.result.is_done());
    let mut kinds: BTreeMap<_, Vec<&Outcome>> = BTreeMap::new();
    done.for_each(|outcome| kinds.entry(outcome.kind).or_default().push(outcome));
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(kind, outcomes)| {
            let named: Vec<String> =
                outcomes.iter().take(NAMED).map(|outcome| outcome.address.to_string()).collect();
            let more = outcomes.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{} {}{more}", kind_of(kind), named.join(", "))
        })
        .collect();
    if kinds.is_empty() {
        return None;
    }
    let failed = report.outcomes.iter().filter(|outcome| !outcome.result.is_done()).count();
    let failed = match failed {
        0 => String::new(),
        failed => format!(" Not done: {failed}; the status of each object says why."),
    };
    Some(format!("Done: {}.{failed}", kinds.join("; ")))
}

#[cfg(test)]
mod tests {
    use orgform_model::{Address, Email, ProviderName};
    use orgform_plan::{ChangeKind, Fate, Left, Verified};

    use super::*;

    fn outcome(kind: ChangeKind, person: usize, result: Fate) -> Outcome {
        let email = Email::new(&format!("p{person}@acme.example"));
        let address = Address::member(&ProviderName::from("pureport"), &"acme".into(), &email);
        Outcome { title: address.to_string(), address, kind, result }
    }

    fn report(outcomes: Vec<Outcome>) -> Report {
        Report {
            provider: ProviderName::from("pureport"),
            outcomes,
            extra: vec![],
            already: 0,
            adopted: 0,
            forgotten: 0,
            mails: 0,
            verified: Verified::Converged,
            left: Left::default(),
        }
    }

    #[test]
    fn what_was_done_is_told_by_kind_with_the_first_names_and_how_much_was_not() {
        let mut outcomes: Vec<_> =
            (0..7).map(|person| outcome(ChangeKind::Remove, person, Fate::Done)).collect();
        outcomes.push(outcome(ChangeKind::Invite, 9, Fate::Invited));
        outcomes.push(outcome(ChangeKind::Remove, 8, Fate::Stopped));
        let said = wrote(&report(outcomes)).unwrap();
        let (remove, invite) = said.split_once("; invite ").unwrap();
        assert!(remove.starts_with("Done: remove pureport/acme:member/p0@acme.example, "), "{said}");
        assert!(remove.ends_with("p2@acme.example and 4 more"), "{said}");
        assert_eq!(
            invite,
            "pureport/acme:member/p9@acme.example. Not done: 1; the status of each object says why."
        );
        let refused = outcome(ChangeKind::Invite, 1, Fate::Stopped);
        assert_eq!(wrote(&report(vec![refused])), None, "it is tried again and again");
    }
}
