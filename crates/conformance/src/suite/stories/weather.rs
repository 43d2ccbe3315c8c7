//! Bad weather: lost answers, throttling, lists that lack something, one bad record among good ones.

use orgform_plan::Fate;

use super::{ACME, ADA, GRACE, KEN, join, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, Effect, Fault, ROOT, Stage, Step, Target, fate, told};

stories! {
    an_invite_whose_answer_was_lost_is_not_sent_twice if |_, _| true;
    an_account_whose_answer_was_lost_is_not_made_twice if |_, can| can.create_account;
    grants_whose_answer_was_lost_are_found_done if |_, _| true;
    an_invite_that_met_trouble_is_sent_once_in_the_end if |_, _| true;
    a_throttled_run_gets_there_in_the_end if |_, _| true;
    one_bad_record_stops_only_its_dependants if |_, can| can.create_account;
    what_can_not_be_seen_is_neither_removed_nor_invited if |_, can| can.remove_member;
    a_list_that_lacks_people_mails_nobody if |_, _| true;
    a_list_that_lacks_accounts_makes_none if |_, can| can.create_account;
}

async fn an_invite_whose_answer_was_lost_is_not_sent_twice(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.faults(&[Fault::once(Target::Invite, Effect::AnswerLost)]);
    let report = stage.apply().await?;
    let fate = fate(&report, &stage.address(ROOT, ADA))?.clone();
    ensure!(fate.is_done(), "a last look finds out that it was carried out: {fate:?}");
    stage.faults(&[]);

    stage.converge().await?;
    ensure!(stage.mails_to(ADA) <= 1, "she got {} mails", stage.mails_to(ADA));
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    stage.holds(ACME, ADA, &first).await
}

async fn an_account_whose_answer_was_lost_is_not_made_twice(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    let admin = [stage.org.admin_in(&finance)];
    stage.org.member(ADA, finance, &admin);
    stage.faults(&[Fault::once(Target::CreateAccount, Effect::AnswerLost)]);
    let report = stage.apply().await?;
    let skipped = report.outcomes.iter().any(|outcome| matches!(outcome.result, Fate::Skipped { .. }));
    ensure!(skipped, "what depends on it waits: {:?}", report.outcomes);
    stage.faults(&[]);

    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").len() == 1, "there are {} accounts", sight.accounts("Finance").len());
    ensure!(sight.brought_in("Finance", ADA) == 1, "its admin is invited in the end");
    Ok(())
}

async fn grants_whose_answer_was_lost_are_found_done(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, &[first]).await?;
    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    stage.faults(&[Fault::once(Target::UpdateMember, Effect::AnswerLost)]);
    let report = stage.apply().await?;
    ensure!(report.is_complete(), "a last look finds out that it was carried out: {:?}", report.outcomes);
    stage.faults(&[]);
    let before = stage.subject().traffic().writes;
    stage.converge().await?;
    ensure!(stage.subject().traffic().writes == before, "it was done already");
    stage.holds(ACME, ADA, &[second]).await
}

async fn an_invite_that_met_trouble_is_sent_once_in_the_end(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.faults(&[Fault::always(Target::Invite, Effect::Unavailable)]);
    let report = stage.apply().await?;
    let address = stage.address(ROOT, ADA);
    ensure!(!fate(&report, &address)?.is_done(), "it failed: {report:?}");
    ensure!(stage.mails_to(ADA) == 0, "no mail went out");
    stage.faults(&[]);

    // Where it is certain that nothing was sent it is sent now; else a person has to say so.
    let plan = stage.plan().await?.plan;
    if plan.changes.is_empty() {
        ensure!(plan.refused.len() == 1, "a person decides: {}", told(&plan));
        stage.requests.resend.insert(address);
        stage.apply().await.map(drop)?;
        stage.requests.resend.clear();
    }
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) <= 1, "she got {} mails", stage.mails_to(ADA));
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    stage.holds(ACME, ADA, &first).await
}

async fn a_throttled_run_gets_there_in_the_end(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.member(ADA, ROOT, &first);
    stage.org.member(GRACE, ROOT, &first);
    stage.faults(&[Fault { on: Target::Invite, effect: Effect::Throttled, times: 2 }]);
    stage.apply().await.map(drop)?;
    stage.faults(&[]);
    stage.converge().await?;
    for email in [ADA, GRACE] {
        ensure!(stage.mails_to(email) <= 1, "{email} got {} mails", stage.mails_to(email));
        ensure!(stage.sight().await?.brought_in(ACME, email) == 1, "{email} is invited");
    }
    Ok(())
}

async fn one_bad_record_stops_only_its_dependants(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = stage.org.first();
    let finance = stage.org.account("finance", "Finance");
    let admin = stage.org.admin_in(&finance);
    stage.org.member(ADA, finance.clone(), std::slice::from_ref(&admin));
    stage.org.member(GRACE, ROOT, &[first]);
    stage.faults(&[Fault::always(Target::CreateAccount, Effect::Refused)]);
    let report = stage.apply().await?;
    let ada = fate(&report, &stage.address(finance.as_str(), ADA))?.clone();
    ensure!(matches!(ada, Fate::Skipped { .. }), "she waits for the account: {ada:?}");
    let grace = fate(&report, &stage.address(ROOT, GRACE))?.clone();
    ensure!(grace.is_done(), "nothing else waits: {grace:?}");
    let failed = report.outcomes.iter().filter(|one| matches!(one.result, Fate::Failed { .. })).count();
    ensure!(failed == 1, "one change failed: {:?}", report.outcomes);

    stage.faults(&[]);
    stage.converge().await?;
    ensure!(stage.mails_to(GRACE) <= 1, "she got {} mails", stage.mails_to(GRACE));
    ensure!(stage.sight().await?.accounts("Finance").len() == 1, "there is one account");
    Ok(())
}

async fn what_can_not_be_seen_is_neither_removed_nor_invited(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    join(stage, ADA, &first).await?;
    stage.org.drop_member(ADA, ROOT);
    stage.org.member(GRACE, ROOT, &first);
    stage.faults(&[Fault::always(Target::Members, Effect::Refused)]);
    let plan = stage.plan().await?.plan;
    ensure!(
        plan.changes.is_empty() && !plan.unseen.is_empty(),
        "it is told, and nothing done: {}",
        told(&plan)
    );
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done: {report:?}");
    ensure!(stage.mails_to(GRACE) == 0, "nobody is mailed");

    stage.faults(&[]);
    stage.holds(ACME, ADA, &first).await?;
    stage.converge().await?;
    stage.holds(ACME, ADA, &[]).await
}

async fn a_list_that_lacks_people_mails_nobody(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    for email in [ADA, GRACE, KEN] {
        stage.org.member(email, ROOT, &first);
    }
    stage.converge().await?;
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    let before: Vec<usize> = [ADA, GRACE, KEN].map(|email| stage.mails_to(email)).to_vec();
    stage.faults(&[
        Fault::always(Target::Members, Effect::Shrunk(9)),
        Fault::always(Target::Invites, Effect::Shrunk(9)),
    ]);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty(), "nobody is invited again: {}", told(&plan));
    stage.apply().await.map(drop)?;
    stage.faults(&[]);
    let after: Vec<usize> = [ADA, GRACE, KEN].map(|email| stage.mails_to(email)).to_vec();
    ensure!(before == after, "nobody is mailed: {before:?}, {after:?}");
    stage.is_converged().await.map(drop)
}

async fn a_list_that_lacks_accounts_makes_none(stage: &mut Stage) -> Step {
    stage.org.account("finance", "Finance");
    stage.converge().await?;
    stage.faults(&[Fault::always(Target::Accounts, Effect::Shrunk(1))]);
    stage.apply().await.map(drop)?;
    stage.faults(&[]);
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").len() == 1, "there are {} accounts", sight.accounts("Finance").len());
    ensure!(sight.accounts(ACME).len() == 1, "there are {} accounts", sight.accounts(ACME).len());
    Ok(())
}
