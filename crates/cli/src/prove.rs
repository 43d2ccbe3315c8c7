//! Proves absence: what an offboarding says before and after it.

use std::collections::BTreeSet;

use orgform_engine::OpenState;
use orgform_model::{Address, Email};
use orgform_plan::evidence::Evidence;
use orgform_plan::{Plan, Report};

use crate::absence::FileEdit;
use crate::carry_out::Ready;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure;
use crate::progress::Bar;

/// Looks at everything once more, at each provider that was applied.
pub(crate) async fn prove(
    ready: &[Ready],
    reports: &[Report],
    absent: &BTreeSet<Email>,
    state: &OpenState,
    console: &Console,
) -> (Vec<Evidence>, Exit) {
    let mut all = Vec::new();
    let mut exit = Exit::Clean;
    for report in reports {
        let Some(one) = ready.iter().find(|one| *one.turn.name() == report.provider) else { continue };
        let Ready { turn, link, writer, look } = one;
        let bar = Bar::new(console, turn.name().as_str());
        let (case, known) = (turn.case_afterwards(link), state.provider(turn.name()));
        let (writer, planned) = (writer.as_ref(), &look.planned);
        let looked =
            orgform_engine::evidence(writer, &case, absent, planned, report, known, link.clock(), &bar);
        match looked.await {
            Ok(evidence) => {
                exit = exit.and(if evidence.is_complete() { Exit::Clean } else { Exit::Refused });
                all.push(evidence);
            }
            Err(error) => {
                console.fail(&failure::of_last_look(turn.name(), error));
                exit = exit.and(Exit::Partial);
            }
        }
    }
    (all, exit)
}

/// Names people of whom neither a file nor a plan says anything: probably misspelt.
pub(crate) fn tell_nowhere(plans: &[&Plan], edits: &[FileEdit], console: &Console) {
    for email in edits.iter().filter_map(|edit| edit.unnamed.as_ref()) {
        let is = |address: &Address| address.email() == Some(email);
        let named = plans.iter().any(|plan| {
            let Plan { changes, refused, held, deferred, kept, .. } = plan;
            let held = held.iter().flat_map(|group| &group.changes);
            changes.iter().chain(held).any(|one| is(&one.address))
                || refused.iter().any(|one| is(&one.address))
                || deferred.iter().any(|one| is(&one.address))
                || kept.iter().any(|one| is(&one.address))
        });
        if !named {
            console.warn(&format!("{email} is in no account that could be seen; is it spelt right?"));
        }
    }
}
