//! People who are in: what they hold, how they leave, and who they are.

use std::time::Duration;

use jiff::SignedDuration;
use orgform_model::policy::{DriftPolicy, Removal};
use orgform_model::semantics::Combine;
use orgform_plan::ChangeKind;

use super::{ACME, ADA, GRACE, LINUS, join, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, ROOT, Stage, Step, told};

const AN_HOUR: Duration = Duration::from_secs(3600);

stories! {
    the_grants_of_a_member_change_as_one if |_, _| true;
    somebody_holds_several_roles_and_loses_one if |semantics, _| semantics.roles.combine != Combine::ExactlyOne;
    two_admins_are_swapped_without_a_gap if |_, _| true;
    a_member_no_longer_declared_is_removed if |_, can| can.remove_member;
    somebody_we_removed_is_foreseen_not_to_return if
        |semantics, can| can.remove_member && !semantics.people.returns;
    a_member_is_let_go_of_where_removal_is_retain if |_, _| true;
    a_member_is_disabled_and_enabled_again if |_, can| can.disable;
    grants_edited_by_hand_are_put_back if |_, _| true;
    grants_edited_by_hand_are_only_told_where_drift_is_told if |_, _| true;
    a_grant_that_ends_is_taken_back_at_its_time if |_, can| can.remove_member;
    somebody_offboarded_leaves_every_account if |_, can| can.remove_member && can.create_account;
    a_person_with_a_new_email_is_followed_not_replaced if |_, _| true;
}

async fn the_grants_of_a_member_change_as_one(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, &[first]).await?;
    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() == 1, "one person is one change: {:?}", report.outcomes);
    stage.holds(ACME, ADA, &[second]).await
}

async fn somebody_holds_several_roles_and_loses_one(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, &[first.clone(), second.clone()]).await?;
    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    stage.converge().await?;
    stage.holds(ACME, ADA, &[first]).await
}

async fn two_admins_are_swapped_without_a_gap(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (admin, first) = (stage.org.admin(), stage.org.first());
    join(stage, GRACE, std::slice::from_ref(&admin)).await?;
    join(stage, LINUS, std::slice::from_ref(&first)).await?;

    stage.org.without_limits();
    stage.org.member(GRACE, ROOT, std::slice::from_ref(&first));
    stage.org.member(LINUS, ROOT, std::slice::from_ref(&admin));
    let plan = stage.plan().await?.plan;
    let grace = stage.address(ROOT, GRACE);
    let revocation = plan.changes.iter().find(|change| change.address == grace);
    let waits = revocation.is_some_and(|change| change.requires.contains(&stage.address(ROOT, LINUS)));
    ensure!(waits, "the revocation waits for the grant that it counts on: {}", told(&plan));
    stage.converge().await?;
    stage.holds(ACME, GRACE, &[first]).await?;
    stage.holds(ACME, LINUS, &[admin]).await
}

async fn a_member_no_longer_declared_is_removed(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = stage.org.first();
    join(stage, ADA, &[first]).await?;
    let reversible =
        stage.sight().await?.member(ACME, ADA).is_some_and(|(_, member)| member.removal.reversible);
    stage.org.drop_member(ADA, ROOT);
    if !reversible {
        let allowed = std::mem::take(&mut stage.org.desired.policy.safety.allow);
        let plan = stage.plan().await?.plan;
        ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "it needs an opt-in: {}", told(&plan));
        stage.org.desired.policy.safety.allow = allowed;
    }
    stage.converge().await?;
    stage.holds(ACME, ADA, &[]).await
}

async fn a_member_is_let_go_of_where_removal_is_retain(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    if let Some(membership) = stage.org.membership(ADA, ROOT) {
        membership.removal = Removal::Retain;
    }
    stage.converge().await?;
    stage.org.drop_member(ADA, ROOT);
    let report = stage.converge_and_tell().await?;
    ensure!(report.forgotten == 1 && report.outcomes.is_empty(), "she is let go of: {report:?}");
    stage.holds(ACME, ADA, &first).await
}

async fn a_member_is_disabled_and_enabled_again(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    if let Some(membership) = stage.org.membership(ADA, ROOT) {
        membership.removal = Removal::Disable;
    }
    stage.converge().await?;
    stage.org.drop_member(ADA, ROOT);
    let report = stage.converge_and_tell().await?;
    let kinds: Vec<ChangeKind> = report.outcomes.iter().map(|outcome| outcome.kind).collect();
    ensure!(kinds == [ChangeKind::Disable], "she is disabled, not removed: {kinds:?}");
    let disabled = stage.sight().await?.member(ACME, ADA).is_some_and(|(_, member)| member.disabled);
    ensure!(disabled, "she is disabled");

    stage.org.member(ADA, ROOT, &first);
    stage.converge().await?;
    let disabled = stage.sight().await?.member(ACME, ADA).is_some_and(|(_, member)| member.disabled);
    ensure!(!disabled, "she is enabled again");
    stage.holds(ACME, ADA, &first).await
}

async fn grants_edited_by_hand_are_put_back(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, std::slice::from_ref(&first)).await?;
    stage.act(Act::SetRoles { account: ACME, email: ADA, roles: &stage.titles(&[second]) })?;
    let plan = stage.plan().await?.plan;
    let cause = plan.changes.first().map(|change| change.cause);
    ensure!(cause == Some(orgform_plan::plan::Cause::Drift), "it is drift: {}", told(&plan));
    stage.converge().await?;
    stage.holds(ACME, ADA, &[first]).await
}

async fn grants_edited_by_hand_are_only_told_where_drift_is_told(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, &[first]).await?;
    stage.org.desired.policy.drift = DriftPolicy::Report;
    stage.act(Act::SetRoles {
        account: ACME,
        email: ADA,
        roles: &stage.titles(std::slice::from_ref(&second)),
    })?;
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && !plan.drift.is_empty(), "it is told: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done: {report:?}");
    stage.holds(ACME, ADA, &[second]).await
}

async fn a_grant_that_ends_is_taken_back_at_its_time(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = stage.org.first();
    stage.converge().await?;
    let soon = stage.subject().now() + SignedDuration::from_hours(48);
    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    stage.org.ends(ADA, ROOT, &first, soon);
    stage.converge().await?;
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    let plan = stage.plan().await?.plan;
    ensure!(plan.ending.len() == 1, "the plan tells what ends soon: {:?}", plan.ending);

    stage.advance(50 * AN_HOUR);
    stage.converge().await?;
    stage.holds(ACME, ADA, &[]).await
}

async fn somebody_offboarded_leaves_every_account(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = stage.org.first();
    let finance = stage.org.account("finance", "Finance");
    let there = stage.org.ordinary_in(&finance);
    stage.org.member(ADA, ROOT, &[first]);
    stage.org.member(ADA, finance, std::slice::from_ref(&there));
    stage.converge().await?;
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;

    stage.org.offboard(ADA);
    stage.converge().await?;
    stage.holds(ACME, ADA, &[]).await?;
    stage.holds("Finance", ADA, &[]).await
}

async fn a_person_with_a_new_email_is_followed_not_replaced(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    let new = "ada.king@acme.example";
    stage.act(Act::ChangeEmail { email: ADA, to: new })?;
    stage.advance(AN_HOUR);
    let plan = stage.plan().await?.plan;
    // Where e-mails can't be read, the identity that somebody wrote still holds, and nothing seems changed.
    if plan.renamed.is_empty() {
        let bound = stage.org.declared().people.values().any(|person| person.identity.is_some());
        ensure!(bound, "the new e-mail is told: {}", told(&plan));
        return Ok(());
    }
    ensure!(plan.changes.is_empty() && plan.refused.is_empty(), "nothing is done about it: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done about it: {report:?}");

    stage.org.rename_member(ADA, new);
    stage.converge().await?;
    ensure!(stage.mails_to(new) == 0, "the new e-mail gets no mail");
    stage.holds(ACME, new, &first).await
}

async fn somebody_we_removed_is_foreseen_not_to_return(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    let mails = stage.mails_to(ADA);
    stage.org.drop_member(ADA, ROOT);
    let plan = stage.plan().await?.plan;
    let told_so =
        plan.changes.iter().flat_map(|change| &change.notes).any(|note| note.contains("can't be undone"));
    ensure!(told_so, "the plan says that it is for ever: {}", told(&plan));
    stage.converge().await?;

    stage.org.member(ADA, ROOT, &first);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "it is foreseen: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty() && stage.mails_to(ADA) == mails, "nothing is tried: {report:?}");
    Ok(())
}
