//! A converged plan costs what the shape of the API needs, whatever the number of people.

use std::time::Duration;

use super::{ADA, GRACE, LINUS, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, ROOT, Stage, Step};

stories! {
    a_converged_plan_reads_what_the_shape_needs if |_, _| true;
}

async fn a_converged_plan_reads_what_the_shape_needs(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    let mut accounts = 1;
    if stage.subject().capabilities().create_account {
        stage.org.account("finance", "Finance");
        accounts += 1;
    }
    for email in [ADA, GRACE, LINUS] {
        stage.org.member(email, ROOT, &first);
    }
    stage.converge().await?;
    for email in [ADA, GRACE] {
        stage.act(Act::Accept { email })?;
    }
    stage.converge().await?;

    // The founder is one of them.
    let needed = stage.subject().reads_of_a_look(accounts) + 4 * stage.subject().reads_of_a_member();
    let reads = reads_of_a_plan(stage).await?;
    ensure!(reads == needed, "a converged plan made {reads} reads; the shape needs {needed}");

    // People whose e-mail the list lacks, and nobody has bound, are read again once `maxAge` is over.
    stage.advance(Duration::from_secs(900));
    let bound = stage.org.declared().people.values().filter(|person| person.identity.is_some()).count();
    let people = if stage.subject().capabilities().email_in_list { 0 } else { 3 - bound as u64 };
    let reads = reads_of_a_plan(stage).await?;
    ensure!(reads == needed + people, "a later plan made {reads} reads; the shape needs {}", needed + people);
    Ok(())
}

async fn reads_of_a_plan(stage: &Stage) -> Step<u64> {
    let before = stage.subject().traffic().reads;
    let planned = stage.plan().await?;
    let reads = stage.subject().traffic().reads - before;
    // A log-in is a call too, where the token has run out.
    let told = u64::from(planned.world.calls);
    ensure!((reads..=reads + 1).contains(&told), "the plan says that it took {told} calls; it took {reads}");
    Ok(reads)
}
