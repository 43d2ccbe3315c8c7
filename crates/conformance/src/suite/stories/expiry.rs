//! Grants that end: on time, without a word where the end was known, and never against the admin rules.

use std::time::Duration;

use jiff::SignedDuration;
use orgform_model::Timestamp;
use orgform_model::policy::Limit;

use super::{ACME, ADA, GRACE, LINUS, join, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, ROOT, Stage, Step, told};

const A_DAY: Duration = Duration::from_secs(24 * 3600);

stories! {
    ends_that_were_known_need_no_release if |_, can| can.remove_member;
    an_end_that_nobody_knew_of_counts_as_a_loss if |_, can| can.remove_member;
    an_admin_whose_time_is_over_stays_while_the_minimum_needs_them if
        |semantics, can| semantics.people.invited && can.remove_member;
    an_invite_whose_time_is_over_is_withdrawn if |_, can| can.withdraw_invite;
}

fn in_days(stage: &Stage, days: i64) -> Timestamp {
    let now = stage.subject().now();
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
}

async fn five(stage: &mut Stage) -> Step<Vec<String>> {
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
    Ok(people)
}

async fn ends_that_were_known_need_no_release(stage: &mut Stage) -> Step {
    let people = five(stage).await?;
    let (first, end) = (stage.org.first(), in_days(stage, 10));
    for email in &people {
        stage.org.ends(email, ROOT, &first, end);
    }
    stage.converge().await?;
    let soon = stage.plan().await?.plan.ending;
    ensure!(soon.len() == 5, "what ends soon is told: {soon:?}");
    stage.advance(9 * A_DAY);
    stage.is_converged().await?;
    stage.holds(ACME, &people[0], &[first]).await?;

    stage.advance(2 * A_DAY);
    let plan = stage.plan().await?.plan;
    ensure!(plan.held.is_empty() && plan.changes.len() == 5, "nothing waits for a release: {}", told(&plan));
    stage.converge().await?;
    stage.holds(ACME, &people[4], &[]).await
}

async fn an_end_that_nobody_knew_of_counts_as_a_loss(stage: &mut Stage) -> Step {
    let people = five(stage).await?;
    let (first, end) = (stage.org.first(), in_days(stage, -1));
    for email in &people {
        stage.org.ends(email, ROOT, &first, end);
    }
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.held.len() == 1, "the group waits whole: {}", told(&plan));
    stage.holds(ACME, &people[0], &[first]).await
}

async fn an_admin_whose_time_is_over_stays_while_the_minimum_needs_them(stage: &mut Stage) -> Step {
    stage.org.roles();
    let admin = stage.org.admin();
    join(stage, GRACE, std::slice::from_ref(&admin)).await?;
    let end = in_days(stage, 3);
    stage.org.ends(GRACE, ROOT, &admin, end);
    stage.converge().await?;
    stage.advance(4 * A_DAY);

    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "the minimum is two: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done: {report:?}");
    stage.holds(ACME, GRACE, std::slice::from_ref(&admin)).await?;

    // Her place is taken: invited is not enough.
    stage.org.member(LINUS, ROOT, std::slice::from_ref(&admin));
    let report = stage.apply().await?;
    ensure!(report.outcomes.len() == 1, "only the invite is sent: {report:?}");
    stage.holds(ACME, GRACE, std::slice::from_ref(&admin)).await?;
    stage.act(Act::Accept { email: LINUS })?;
    stage.converge().await?;
    stage.holds(ACME, GRACE, &[]).await?;
    stage.holds(ACME, LINUS, &[admin]).await
}

async fn an_invite_whose_time_is_over_is_withdrawn(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, end) = (stage.org.first(), in_days(stage, 2));
    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    stage.org.ends(ADA, ROOT, &first, end);
    stage.converge().await?;
    stage.advance(3 * A_DAY);
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == 1, "she was mailed once");
    ensure!(stage.act(Act::Accept { email: ADA }).is_err(), "her invite is gone");
    Ok(())
}
