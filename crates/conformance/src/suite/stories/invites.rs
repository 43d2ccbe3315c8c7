//! Membership is a life-cycle: absent, invited, perhaps expired, active. Nobody is mailed without need.

use std::time::Duration;

use orgform_model::policy::{DriftPolicy, OnExhausted};

use super::{ACME, ADA, GRACE, join, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, ROOT, Stage, Step, fate, told};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

stories! {
    an_invite_waits_and_its_person_joins if |semantics, _| semantics.people.invited;
    somebody_new_is_made_and_mailed_once if |semantics, _| !semantics.people.invited;
    somebody_new_to_two_accounts_is_mailed_once if |semantics, can| !semantics.people.invited && can.create_account;
    a_member_is_mailed_again_only_on_request if |_, can| can.mail_member;
    grants_are_made_on_joining_even_where_drift_is_only_told if |_, _| true;
    // Where there is but one account, nobody is known who is not in it.
    a_known_person_is_mailed_once_at_most if |semantics, can| semantics.accounts.tree || can.create_account;
    the_grants_of_a_pending_invite_are_changed_without_a_mail if |_, can| can.update_invite;
    the_grants_of_a_pending_invite_are_put_right_on_joining if
        |semantics, can| semantics.people.invited && !can.update_invite;
    an_invite_no_longer_declared_is_taken_back if |_, can| can.withdraw_invite;
    an_invite_that_can_not_be_taken_back_ends_on_joining if
        |semantics, can| semantics.people.invited && !can.withdraw_invite && can.remove_member;
    an_expired_invite_is_mailed_again_after_its_time_and_not_for_ever if
        |_, can| can.invites_expire && can.resend_invite;
    many_people_join_at_once_and_nothing_is_held if |_, _| true;
    somebody_removed_by_hand_is_mailed_again_only_on_request if |semantics, _| semantics.people.returns;
    somebody_removed_by_hand_is_not_asked_back_where_nobody_returns if |semantics, _| !semantics.people.returns;
}

async fn an_invite_waits_and_its_person_joins(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    let plan = stage.plan().await?.plan;
    let mails = u32::from(stage.subject().capabilities().mails.on_invite);
    ensure!(plan.cost.mails == mails, "the plan tells how many mails it sends: {:?}", plan.cost);

    let report = stage.converge_and_tell().await?;
    ensure!(report.mails == mails, "the report tells how many mails were sent: {}", report.mails);
    let plan = stage.is_converged().await?;
    ensure!(plan.waiting.len() == 1, "the invite waits: {}", told(&plan));
    ensure!(stage.sight().await?.invites(ACME, ADA).len() == 1, "there is one invite");
    stage.advance(A_DAY);
    stage.is_converged().await?;

    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == mails as usize, "she got {} mails", stage.mails_to(ADA));
    stage.holds(ACME, ADA, &first).await
}

async fn somebody_new_is_made_and_mailed_once(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    let plan = stage.plan().await?.plan;
    let mails = u32::from(stage.subject().capabilities().mails.on_create);
    ensure!(plan.cost.mails == mails, "the plan tells how many mails it sends: {:?}", plan.cost);
    let report = stage.converge_and_tell().await?;
    ensure!(report.mails == mails, "the report tells how many mails were sent: {}", report.mails);
    for _ in 0..3 {
        stage.advance(A_DAY);
        stage.is_converged().await?;
    }
    stage.act(Act::Accept { email: ADA })?;
    stage.is_converged().await?;
    ensure!(stage.mails_to(ADA) == mails as usize, "she got {} mails", stage.mails_to(ADA));
    stage.holds(ACME, ADA, &first).await
}

async fn somebody_new_to_two_accounts_is_mailed_once(stage: &mut Stage) -> Step {
    stage.org.roles();
    let finance = stage.org.account("finance", "Finance");
    let (first, there) = ([stage.org.first()], [stage.org.ordinary_in(&finance)]);
    stage.org.member(ADA, ROOT, &first);
    stage.org.member(ADA, finance, &there);
    let plan = stage.plan().await?.plan;
    let mails = u32::from(stage.subject().capabilities().mails.on_create);
    ensure!(plan.cost.mails == mails, "one person is one mail: {:?}", plan.cost);
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == mails as usize, "she got {} mails", stage.mails_to(ADA));
    stage.holds(ACME, ADA, &first).await?;
    stage.holds("Finance", ADA, &there).await
}

async fn a_member_is_mailed_again_only_on_request(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    let mails = stage.mails_to(ADA);
    stage.advance(30 * A_DAY);
    stage.is_converged().await?;

    stage.requests.resend.insert(stage.address(ROOT, ADA));
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.len() == 1 && plan.cost.mails == 1, "one mail is planned: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(fate(&report, &stage.address(ROOT, ADA))?.is_done(), "it is sent: {report:?}");
    stage.requests.resend.clear();
    ensure!(stage.mails_to(ADA) == mails + 1, "she got {} mails", stage.mails_to(ADA));
    stage.is_converged().await?;
    ensure!(stage.mails_to(ADA) == mails + 1, "and not one more");
    stage.holds(ACME, ADA, &first).await
}

async fn grants_are_made_on_joining_even_where_drift_is_only_told(stage: &mut Stage) -> Step {
    stage.org.desired.policy.drift = DriftPolicy::Report;
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await
}

async fn a_known_person_is_mailed_once_at_most(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    stage.act(Act::SignUp { email: ADA })?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() == 1, "one call invites: {:?}", report.outcomes);
    if !stage.plan().await?.plan.waiting.is_empty() {
        stage.act(Act::Accept { email: ADA })?;
        stage.converge().await?;
    }
    ensure!(stage.mails_to(ADA) <= 1, "she got {} mails", stage.mails_to(ADA));
    stage.holds(ACME, ADA, &first).await
}

async fn the_grants_of_a_pending_invite_are_changed_without_a_mail(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    stage.org.member(ADA, ROOT, &[first]);
    stage.converge().await?;
    let mails = stage.mails_to(ADA);

    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() == 1, "one change: {:?}", report.outcomes);
    let plan = stage.is_converged().await?;
    ensure!(plan.waiting.len() == 1, "it still waits: {}", told(&plan));
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == mails, "no further mail");
    stage.holds(ACME, ADA, &[second]).await
}

async fn the_grants_of_a_pending_invite_are_put_right_on_joining(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    stage.org.member(ADA, ROOT, &[first]);
    stage.converge().await?;
    let mails = stage.mails_to(ADA);

    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.is_empty(), "nothing can be done yet: {:?}", report.outcomes);
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == mails, "no further mail");
    stage.holds(ACME, ADA, &[second]).await
}

async fn an_invite_no_longer_declared_is_taken_back(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.converge().await?;
    stage.org.drop_member(ADA, ROOT);
    stage.converge().await?;
    ensure!(stage.sight().await?.invites(ACME, ADA).is_empty(), "the invite is gone");

    // Declared again, she is invited again: that is a new transition from absent.
    stage.org.member(ADA, ROOT, &first);
    stage.converge().await?;
    ensure!(stage.sight().await?.invites(ACME, ADA).len() == 1, "there is a new invite");
    Ok(())
}

async fn an_invite_that_can_not_be_taken_back_ends_on_joining(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.converge().await?;
    stage.org.drop_member(ADA, ROOT);
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.is_empty(), "nothing can be done yet: {:?}", report.outcomes);
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    stage.holds(ACME, ADA, &[]).await
}

async fn an_expired_invite_is_mailed_again_after_its_time_and_not_for_ever(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.converge().await?;
    let mut mails = stage.mails_to(ADA);
    let after = stage.org.desired.policy.invites.resend_after;
    let most = stage.org.desired.policy.invites.max_attempts;
    stage.org.desired.policy.invites.on_exhausted = OnExhausted::Hold;

    for _ in 1..most {
        stage.act(Act::Expire { account: ACME, email: ADA })?;
        let plan = stage.plan().await?.plan;
        ensure!(plan.changes.is_empty() && plan.deferred.len() == 1, "it is too early: {}", told(&plan));
        stage.apply().await.map(drop)?;
        ensure!(stage.mails_to(ADA) == mails, "no mail before its time");
        stage.advance(after);
        let report = stage.converge_and_tell().await?;
        ensure!(report.outcomes.len() == 1, "it is sent again: {:?}", report.outcomes);
        mails += usize::from(stage.subject().capabilities().mails.on_resend);
        ensure!(stage.mails_to(ADA) == mails, "she got {} mails, not {mails}", stage.mails_to(ADA));
    }
    stage.act(Act::Expire { account: ACME, email: ADA })?;
    stage.advance(after);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "a person decides now: {}", told(&plan));

    stage.requests.resend.insert(stage.address(ROOT, ADA));
    stage.apply().await.map(drop)?;
    stage.requests.resend.clear();
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    stage.holds(ACME, ADA, &first).await
}

async fn many_people_join_at_once_and_nothing_is_held(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    let people: Vec<String> = (0..15).map(|number| format!("p{number:02}@acme.example")).collect();
    for email in &people {
        stage.org.member(email, ROOT, &first);
    }
    stage.converge().await?;
    for email in &people {
        stage.act(Act::Accept { email })?;
    }
    stage.converge().await?;
    for email in &people {
        ensure!(stage.mails_to(email) <= 1, "{email} got {} mails", stage.mails_to(email));
    }
    stage.holds(ACME, &people[7], &first).await
}

async fn somebody_removed_by_hand_is_mailed_again_only_on_request(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, GRACE, &first).await?;
    let mails = stage.mails_to(GRACE);
    stage.act(Act::Remove { account: ACME, email: GRACE })?;

    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "a person decides: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty() && stage.mails_to(GRACE) == mails, "nothing is done: {report:?}");

    let address = stage.address(ROOT, GRACE);
    stage.requests.resend.insert(address.clone());
    let report = stage.apply().await?;
    ensure!(fate(&report, &address)?.is_done(), "she is invited again: {report:?}");
    stage.requests.resend.clear();
    if !stage.plan().await?.plan.waiting.is_empty() {
        stage.act(Act::Accept { email: GRACE })?;
    }
    stage.converge().await?;
    stage.holds(ACME, GRACE, &first).await
}

async fn somebody_removed_by_hand_is_not_asked_back_where_nobody_returns(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, GRACE, &first).await?;
    let mails = stage.mails_to(GRACE);
    stage.act(Act::Remove { account: ACME, email: GRACE })?;
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "a person decides: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty() && stage.mails_to(GRACE) == mails, "nothing is done: {report:?}");
    Ok(())
}
