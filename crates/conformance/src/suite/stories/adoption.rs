//! What is there before us is taken over without a write, and nothing is taken away by that.

use orgform_model::semantics::Combine;

use super::{ACME, GRACE, KEN, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, Breadth, ROOT, Stage, Step, told};

stories! {
    what_is_there_is_adopted_without_a_write if |_, _| true;
    a_role_that_is_there_is_adopted_without_a_write if |semantics, _| semantics.roles.custom;
    an_unmanaged_member_is_kept_and_told if |_, _| true;
    an_extra_grant_found_at_adoption_is_kept_until_it_is_taken if
        |semantics, _| semantics.roles.combine != Combine::ExactlyOne;
    somebody_found_with_another_role_gets_the_declared_one if
        |semantics, _| semantics.roles.combine == Combine::ExactlyOne;
    an_invite_sent_by_hand_is_adopted_and_not_mailed if |semantics, _| semantics.people.invited;
}

async fn what_is_there_is_adopted_without_a_write(stage: &mut Stage) -> Step {
    let admin = [stage.org.admin()];
    stage.act(Act::Join { account: ACME, email: GRACE, roles: &stage.titles(&admin) })?;
    stage.org.member(GRACE, ROOT, &admin);

    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty(), "adopting would write: {}", told(&plan));
    ensure!(plan.adopted.len() == 3, "the account and both admins are adopted: {}", told(&plan));

    let before = (stage.subject().traffic().writes, stage.mails_to(GRACE));
    stage.converge().await?;
    let after = (stage.subject().traffic().writes, stage.mails_to(GRACE));
    ensure!(before == after, "adopting wrote or mailed: {before:?}, {after:?}");
    Ok(())
}

async fn a_role_that_is_there_is_adopted_without_a_write(stage: &mut Stage) -> Step {
    let fields = stage.subject().role_fields(Breadth::Narrow);
    stage.act(Act::AddRole { account: ACME, name: "Operator", fields: &fields })?;
    let first = stage.org.first();
    stage.org.role(&first, "Operator", Breadth::Narrow);

    let before = stage.subject().traffic().writes;
    stage.converge().await?;
    ensure!(stage.subject().traffic().writes == before, "adopting wrote");
    let roles = stage.sight().await?;
    ensure!(roles.roles("Operator").len() == 1, "there is still one role of that name");
    Ok(())
}

async fn an_unmanaged_member_is_kept_and_told(stage: &mut Stage) -> Step {
    let admin = [stage.org.admin()];
    stage.act(Act::Join { account: ACME, email: KEN, roles: &stage.titles(&admin) })?;
    let before = stage.subject().traffic().writes;
    stage.converge().await?;
    ensure!(stage.subject().traffic().writes == before, "there is nothing to write");
    let plan = stage.plan().await?.plan;
    ensure!(plan.kept.iter().any(|kept| kept.because == "unmanaged"), "it is told: {:?}", plan.kept);
    stage.holds(ACME, KEN, &admin).await
}

async fn an_extra_grant_found_at_adoption_is_kept_until_it_is_taken(stage: &mut Stage) -> Step {
    let (admin, first) = (stage.org.admin(), stage.org.first());
    stage.org.roles();
    stage.org.desired.policy.safety.admin_minimum = 1;
    stage.act(Act::Join {
        account: ACME,
        email: GRACE,
        roles: &stage.titles(std::slice::from_ref(&admin)),
    })?;
    stage.org.member(GRACE, ROOT, std::slice::from_ref(&first));
    stage.converge().await?;
    stage.holds(ACME, GRACE, &[admin, first.clone()]).await?;

    stage.org.take_over();
    stage.converge().await?;
    stage.holds(ACME, GRACE, &[first]).await
}

async fn somebody_found_with_another_role_gets_the_declared_one(stage: &mut Stage) -> Step {
    let (first, second) = (stage.org.first(), stage.org.second());
    stage.act(Act::Join { account: ACME, email: GRACE, roles: &stage.titles(&[second]) })?;
    stage.org.member(GRACE, ROOT, std::slice::from_ref(&first));
    stage.converge().await?;
    stage.holds(ACME, GRACE, &[first]).await
}

async fn an_invite_sent_by_hand_is_adopted_and_not_mailed(stage: &mut Stage) -> Step {
    let admin = [stage.org.admin()];
    stage.act(Act::Invite { account: ACME, email: GRACE, roles: &stage.titles(&admin) })?;
    stage.org.member(GRACE, ROOT, &admin);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty(), "taking an invite over writes nothing: {}", told(&plan));
    stage.converge().await?;
    ensure!(stage.mails_to(GRACE) == 1, "only the mail by hand went out");
    stage.act(Act::Accept { email: GRACE })?;
    stage.converge().await?;
    stage.holds(ACME, GRACE, &admin).await
}
