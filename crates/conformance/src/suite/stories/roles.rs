//! Custom roles: a life, and the people who hold them.

use orgform_model::{Grant, Value};

use super::{ACME, ADA, KEN, join, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, Breadth, ROOT, Stage, Step, told};

stories! {
    a_role_is_made_and_found_again if |_, can| can.write_roles;
    a_role_is_widened_narrowed_and_renamed_under_its_holders if |_, can| can.write_roles;
    a_role_goes_after_its_last_holder if |_, can| can.write_roles;
    a_role_that_somebody_unmanaged_holds_stays if |_, can| can.write_roles;
    a_role_edited_by_hand_is_put_back if |_, can| can.write_roles;
}

async fn a_role_is_made_and_found_again(stage: &mut Stage) -> Step {
    stage.org.roles();
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() == 2, "two roles are made: {:?}", report.outcomes);
    let sight = stage.sight().await?;
    ensure!(sight.roles("Operator").len() == 1, "there is one role of that name");
    Ok(())
}

async fn a_role_is_widened_narrowed_and_renamed_under_its_holders(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = stage.org.first();
    join(stage, ADA, std::slice::from_ref(&first)).await?;

    for breadth in [Breadth::Wide, Breadth::Narrow] {
        stage.org.role(&first, "Operator", breadth);
        let planned = stage.plan().await?;
        ensure!(planned.plan.changes.len() == 1, "a role edit is one change: {}", told(&planned.plan));
        let reached = planned.plan.changes.first().and_then(|change| change.reach.as_ref());
        let people = reached.map(|reach| reach.persons().into_iter().collect::<Vec<_>>());
        ensure!(people == Some(vec![ADA]), "it reaches its holder: {people:?}");
        stage.converge().await?;
    }
    let before = stage.sight().await?;
    let id = before.roles("Operator").first().map(|(_, id)| (*id).clone());
    rename(stage, &first, "Network operator");
    stage.converge().await?;
    let after = stage.sight().await?;
    let now = after.roles("Network operator").first().map(|(_, id)| (*id).clone());
    ensure!(id.is_some() && id == now, "it is the same role: {id:?}, {now:?}");
    stage.holds(ACME, ADA, &[first]).await
}

fn rename(stage: &mut Stage, grant: &Grant, title: &str) {
    let key = stage.subject().semantics().roles.natural_key.to_owned();
    if let Some(fields) = stage.org.role_fields(grant) {
        fields.insert(key, Value::text(title));
    }
}

async fn a_role_goes_after_its_last_holder(stage: &mut Stage) -> Step {
    stage.org.roles();
    let (first, second) = (stage.org.first(), stage.org.second());
    join(stage, ADA, std::slice::from_ref(&first)).await?;
    stage.org.drop_role(&first);
    stage.org.member(ADA, ROOT, std::slice::from_ref(&second));
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.roles("Operator").is_empty(), "the role is gone");
    stage.holds(ACME, ADA, &[second]).await
}

async fn a_role_that_somebody_unmanaged_holds_stays(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let first = stage.org.first();
    stage.act(Act::Join { account: ACME, email: KEN, roles: &stage.titles(std::slice::from_ref(&first)) })?;
    stage.org.drop_role(&first);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty(), "nothing is removed: {}", told(&plan));
    let because = plan.refused.first().map(|refused| refused.because.as_str()).unwrap_or_default();
    ensure!(because.contains("ken") || because.contains("user"), "the holder is named: {}", told(&plan));
    let report = stage.apply().await?;
    ensure!(report.outcomes.is_empty(), "nothing is done: {report:?}");
    let sight = stage.sight().await?;
    ensure!(sight.roles("Operator").len() == 1, "the role is there");
    Ok(())
}

async fn a_role_edited_by_hand_is_put_back(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    let wide = stage.subject().role_fields(Breadth::Wide);
    stage.act(Act::EditRole { account: ACME, role: "Operator", fields: &wide })?;
    let plan = stage.plan().await?.plan;
    let cause = plan.changes.first().map(|change| change.cause);
    ensure!(cause == Some(orgform_plan::plan::Cause::Drift), "it is drift: {}", told(&plan));
    stage.converge().await?;
    Ok(())
}
