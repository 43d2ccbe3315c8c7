//! What keeps a mistake from reaching people: limits, releases, preconditions, idempotence.

use std::collections::BTreeSet;

use orgform_model::policy::Limit;
use orgform_model::{Change, Thing};
use orgform_plan::{Consent, Fate};
use orgform_provider::ErrorKind;

use super::{ACME, ADA, GRACE, join, stories};
use crate::suite::stage::{all_done, ensure};
use crate::suite::{Act, Breadth, ROOT, Stage, Step, fate, nothing_to_do, told};

stories! {
    a_removal_of_many_waits_for_its_release if |_, can| can.remove_member;
    what_depends_on_a_held_group_goes_with_it if |_, can| can.remove_member && can.write_roles;
    the_last_admin_is_never_taken_away if |_, _| true;
    a_change_of_grants_whose_ground_has_moved_is_not_made if |_, _| true;
    a_removal_is_judged_again_just_before if |_, can| can.remove_member;
    the_same_change_twice_has_the_effect_of_one if |_, _| true;
}

async fn a_removal_of_many_waits_for_its_release(stage: &mut Stage) -> Step {
    let people = five_who_leave(stage).await?;
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.held.len() == 1, "the group waits whole: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing goes without a release: {report:?}");

    let releases = plan.held.iter().map(|held| held.digest.to_string()).collect();
    let report = stage.apply_with(&Consent { effects: None, releases }).await?;
    all_done(&report)?;
    ensure!(report.outcomes.len() == 5, "exactly this group goes: {report:?}");
    stage.is_converged().await?;
    stage.holds(ACME, &people[0], &[]).await
}

/// Five people with the first ordinary role join, and are no longer declared then: more than may go at once.
async fn five_who_leave(stage: &mut Stage) -> Step<Vec<String>> {
    stage.org.roles();
    let first = [stage.org.first()];
    let people: Vec<String> = (0..5).map(|number| format!("p{number}@acme.example")).collect();
    for email in &people {
        stage.org.member(email, ROOT, &first);
    }
    stage.converge().await?;
    for email in &people {
        stage.act(Act::Accept { email })?;
    }
    stage.converge().await?;
    stage.org.desired.policy.safety.per_account = Limit { percent: 20, floor: 3 };
    for email in &people {
        stage.org.drop_member(email, ROOT);
    }
    Ok(people)
}

async fn what_depends_on_a_held_group_goes_with_it(stage: &mut Stage) -> Step {
    five_who_leave(stage).await?;
    let first = stage.org.first();
    stage.org.drop_role(&first);
    let plan = stage.plan().await?.plan;
    let held: usize = plan.held.iter().map(|group| group.changes.len()).sum();
    ensure!(plan.changes.is_empty() && held == 6, "the role waits with its holders: {}", told(&plan));

    let releases = plan.held.iter().map(|held| held.digest.to_string()).collect();
    let report = stage.apply_with(&Consent { effects: None, releases }).await?;
    all_done(&report)?;
    ensure!(report.outcomes.len() == 6, "the role goes in the same run: {report:?}");
    ensure!(stage.sight().await?.roles("Operator").is_empty(), "the role is gone");
    stage.is_converged().await.map(drop)
}

async fn the_last_admin_is_never_taken_away(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (admin, first) = (stage.org.admin(), stage.org.first());
    join(stage, GRACE, std::slice::from_ref(&admin)).await?;
    stage.org.member(GRACE, ROOT, std::slice::from_ref(&first));
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "the minimum is two: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done: {report:?}");
    stage.holds(ACME, GRACE, &[admin]).await
}

async fn a_change_of_grants_whose_ground_has_moved_is_not_made(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (admin, first, second) = (stage.org.admin(), stage.org.first(), stage.org.second());
    join(stage, ADA, std::slice::from_ref(&first)).await?;
    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    let by_hand = stage.titles(std::slice::from_ref(&admin));
    let change = only_change(stage, ADA).await?;
    stage.act(Act::SetRoles { account: ACME, email: ADA, roles: &by_hand })?;

    let before = stage.subject().traffic();
    let answers = stage.writer().apply(std::slice::from_ref(&change)).await;
    let stale = matches!(answers.as_slice(), [Err(error)] if error.kind == ErrorKind::Stale);
    ensure!(stale, "it is stale: {answers:?}");
    ensure!(stage.subject().traffic().writes == before.writes, "nothing was written");
    stage.holds(ACME, ADA, &[admin]).await
}

async fn a_removal_is_judged_again_just_before(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, admin) = (stage.org.first(), stage.org.admin());
    join(stage, ADA, std::slice::from_ref(&first)).await?;
    stage.org.drop_member(ADA, ROOT);
    let by_hand = stage.titles(std::slice::from_ref(&admin));
    let report = stage
        .apply_after(&Consent::default(), || {
            stage.act(Act::SetRoles { account: ACME, email: ADA, roles: &by_hand })
        })
        .await?;
    let fate = fate(&report, &stage.address(ROOT, ADA))?;
    ensure!(matches!(fate, Fate::Stale { .. }), "she became an admin in between: {fate:?}");
    stage.holds(ACME, ADA, &[admin]).await
}

/// Every change of a small life, sent once by the engine and once more behind its back.
async fn the_same_change_twice_has_the_effect_of_one(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let (first, second) = (stage.org.first(), stage.org.second());

    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    twice(stage).await?;
    let mails = stage.mails_to(ADA);
    ensure!(mails <= 1, "she got {mails} mails");
    if stage.subject().capabilities().update_invite {
        stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
        twice(stage).await?;
    }
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    if stage.subject().capabilities().write_roles {
        stage.org.role(&first, "Operator", Breadth::Wide);
        twice(stage).await?;
    }
    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    stage.converge().await?;
    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    twice(stage).await?;
    if stage.subject().capabilities().remove_member {
        stage.org.drop_member(ADA, ROOT);
        twice(stage).await?;
    }
    ensure!(stage.mails_to(ADA) == mails, "no change mailed her again");
    Ok(())
}

/// Carries out what is to do and then sends the same changes again.
async fn twice(stage: &Stage) -> Step {
    let changes: Vec<Change> =
        stage.plan().await?.plan.changes.into_iter().map(|planned| planned.change).collect();
    stage.converge().await?;
    let answers = stage.writer().apply(&changes).await;
    let harmless = answers.iter().all(|answer| match answer {
        Ok(_) => true,
        Err(error) => error.kind == ErrorKind::Stale,
    });
    ensure!(harmless, "a second time is done or stale: {answers:?}");
    nothing_to_do(&stage.plan().await?.plan)
}

/// The only planned change, which is about this person.
async fn only_change(stage: &Stage, email: &str) -> Step<Change> {
    let plan = stage.plan().await?.plan;
    let about: BTreeSet<_> = plan.changes.iter().map(|change| &change.address.thing).collect();
    let only = matches!(about.first(), Some(Thing::Member(_, who)) if who.as_str() == email);
    ensure!(only && about.len() == 1, "one change is planned: {}", told(&plan));
    plan.changes
        .into_iter()
        .next()
        .map(|planned| planned.change)
        .ok_or_else(|| crate::suite::Broken("there is no change".to_owned()))
}
