//! What somebody agreed to of plans: the changes shown, a saved plan's, and groups that they release. Pure.

use anyhow::Result;
use orgform_model::{State, Timestamp};
use orgform_plan::{ApprovedPlan, Consent, Plan};

use crate::carry_out::Order;
use crate::failure::Failure;

/// A release that names no held group of any plan is told before the plan is: nothing else is asked then.
pub(crate) fn refuse_unknown_releases(
    plans: &[&Plan],
    releases: &[String],
    remembered: &State,
) -> Result<()> {
    for release in releases {
        let held: Vec<_> = plans.iter().flat_map(|plan| &plan.held).collect();
        if held.iter().any(|group| group.digest.is_named(release)) {
            continue;
        }
        if let Some(at) = spent(release, remembered) {
            let at = at.strftime("%Y-%m-%dT%H:%MZ");
            return Err(Failure::new(format!("the release of {release} was carried out at {at}"))
                .hint("a release lets its group go once; `orgform plan` shows what is to do now.")
                .nothing_changed()
                .into());
        }
        let failure = Failure::new(format!("no held group has the digest {release}"));
        let failure = held.iter().fold(failure, |failure, group| {
            let account = group.account.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
            failure.line(format!("held: {}  {account}{}", group.digest.short(), group.because))
        });
        let hint = match held.len() {
            0 => "nothing is held now; `orgform plan` shows what is to do.",
            _ => "a group that has changed has another digest; read the plan again before releasing it.",
        };
        return Err(failure.hint(hint).nothing_changed().into());
    }
    Ok(())
}

/// When a group of this digest, whole or shortened, was let go.
fn spent(release: &str, remembered: &State) -> Option<Timestamp> {
    let digests = remembered.providers.values().flat_map(|state| &state.spent);
    let named = release.trim_end_matches('…');
    digests.filter(|(digest, _)| named.len() >= 19 && digest.starts_with(named)).map(|(_, at)| *at).max()
}

/// Reduces each plan to what is agreed to.
pub(crate) fn approve_all(plans: &[&Plan], order: &Order) -> Result<Vec<ApprovedPlan>> {
    let approve = |plan: &&Plan| {
        let releases = order
            .releases
            .iter()
            .filter(|release| plan.held.iter().any(|group| group.digest.is_named(release)));
        let consent = Consent { releases: releases.cloned().collect(), ..consent(plan, order) };
        Ok(orgform_plan::approve((*plan).clone(), &consent)?)
    };
    plans.iter().map(approve).collect()
}

fn consent(plan: &Plan, order: &Order) -> Consent {
    match &order.file {
        Some(file) => file.consent(&plan.provider),
        None => Consent::default(),
    }
}
