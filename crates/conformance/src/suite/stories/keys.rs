//! API keys: made once, with their secret put away, and never the one that the suite runs with.

use std::collections::BTreeSet;

use orgform_model::state::SecretFate;
use orgform_model::{ApiKeyId, Capabilities, Semantics};
use orgform_plan::Fate;

use super::{ACME, stories};
use crate::suite::stage::ensure;
use crate::suite::{Broken, Effect, Fault, Org, ROOT, Stage, Step, Target, fate, told};

const CI: &str = "ci";

stories! {
    a_key_is_made_once_and_its_secret_is_put_away if can_make;
    several_keys_are_made_each_with_its_own_secret if can_make;
    a_key_whose_secret_can_not_be_stored_is_deleted_and_made_again if can_make;
    a_key_whose_answer_was_lost_is_deleted_and_made_again if can_make;
    the_name_and_the_roles_of_a_key_are_edited if |_, can| can.update_api_key && can.create_api_key;
    a_key_that_can_not_be_edited_is_made_again_when_asked_for if |semantics, can| {
        can_make(semantics, can) && !can.update_api_key
    };
    a_key_is_made_again_when_asked_for if can_make;
    a_key_no_longer_declared_is_removed if can_make;
    a_list_of_keys_that_is_refused_makes_and_removes_none if can_make;
    the_key_that_we_run_with_is_kept_and_told if |_, can| can.list_api_keys && can.remove_api_key;
}

fn can_make(semantics: &Semantics, can: &Capabilities) -> bool {
    semantics.api_keys.is_some() && can.create_api_key && can.remove_api_key
}

async fn a_key_is_made_once_and_its_secret_is_put_away(stage: &mut Stage) -> Step {
    declare(stage);
    let report = stage.converge_and_tell().await?;
    let fate = fate(&report, &stage.key_address(ROOT, CI))?.clone();
    let key = the_key(stage).await?;
    ensure!(matches!(&fate, Fate::Stored { key: told, .. } if told == key.as_str()), "it is told: {fate:?}");
    is_whole(stage).await?;

    let (_, secret) =
        stage.secrets.at(&Org::secret_place(CI)).ok_or_else(|| Broken("no secret".to_owned()))?;
    let plan = stage.is_converged().await?;
    let state = serde_json::to_string(&stage.state().await?).map_err(|error| Broken(error.to_string()))?;
    for shown in [format!("{report:?}"), format!("{plan:?}"), state] {
        ensure!(!shown.contains(&secret), "the secret is in {shown}");
    }
    Ok(())
}

async fn several_keys_are_made_each_with_its_own_secret(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = [stage.org.first()];
    let names = ["one", "two", "three", "four", "five"];
    for name in names {
        stage.org.api_key(name, name, &first);
    }
    stage.converge().await?;
    let there: BTreeSet<ApiKeyId> = stage.sight().await?.api_keys(ACME).into_keys().collect();
    let mut secrets = BTreeSet::new();
    for name in names {
        let at = stage.secrets.at(&Org::secret_place(name));
        let (key, secret) = at.ok_or_else(|| Broken(format!("{name} has no secret")))?;
        ensure!(there.contains(&key), "{key} is there: {there:?}");
        secrets.insert(secret);
    }
    ensure!(secrets.len() == names.len(), "each has its own");
    Ok(())
}

async fn a_key_whose_secret_can_not_be_stored_is_deleted_and_made_again(stage: &mut Stage) -> Step {
    declare(stage);
    stage.secrets.set_full(true);
    let report = stage.apply().await?;
    let fate = fate(&report, &stage.key_address(ROOT, CI))?.clone();
    let told = matches!(&fate, Fate::Failed { said, unknown: false, .. } if said.contains("deleted again"));
    ensure!(told, "it is told: {fate:?}");
    ensure!(made(stage).await?.is_empty(), "no key is left");
    stage.secrets.set_full(false);
    stage.converge().await?;
    is_whole(stage).await
}

async fn a_key_whose_answer_was_lost_is_deleted_and_made_again(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.converge().await?;
    declare(stage);
    stage.faults(&[Fault::once(Target::CreateApiKey, Effect::AnswerLost)]);
    let report = stage.apply().await?;
    let fate = fate(&report, &stage.key_address(ROOT, CI))?.clone();
    ensure!(matches!(fate, Fate::Failed { unknown: true, .. }), "its outcome is not known: {fate:?}");
    let lost = the_key(stage).await?;
    stage.faults(&[]);
    stage.converge().await?;
    ensure!(the_key(stage).await? != lost, "it is another key");
    is_whole(stage).await
}

async fn the_name_and_the_roles_of_a_key_are_edited(stage: &mut Stage) -> Step {
    declare(stage);
    stage.converge().await?;
    let before = the_key(stage).await?;
    let (first, second) = (stage.org.first(), stage.org.second());
    stage.org.api_key(CI, "Pipeline", &[first, second.clone()]);
    stage.converge().await?;
    stage.org.api_key(CI, "Pipeline", &[second]);
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() <= 1, "one key is one change: {report:?}");
    ensure!(the_key(stage).await? == before, "it is the same key");
    is_whole(stage).await
}

async fn a_key_that_can_not_be_edited_is_made_again_when_asked_for(stage: &mut Stage) -> Step {
    declare(stage);
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.api_key(CI, "Pipeline", &first);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "it is told: {}", told(&plan));
    ensure!(plan.refused.iter().all(|one| one.next.contains("orgform keys remake")), "with the way out");
    remake(stage).await?;
    is_whole(stage).await
}

async fn a_key_is_made_again_when_asked_for(stage: &mut Stage) -> Step {
    declare(stage);
    stage.converge().await?;
    let before = the_key(stage).await?;
    remake(stage).await?;
    ensure!(the_key(stage).await? != before, "it is another key");
    is_whole(stage).await
}

async fn a_key_no_longer_declared_is_removed(stage: &mut Stage) -> Step {
    declare(stage);
    stage.converge().await?;
    stage.org.desired.api_keys.clear();
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.len() == 1, "it is shown: {}", told(&plan));
    stage.converge().await?;
    declare(stage);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.len() == 1, "it is gone, and would be made anew: {}", told(&plan));
    Ok(())
}

async fn a_list_of_keys_that_is_refused_makes_and_removes_none(stage: &mut Stage) -> Step {
    declare(stage);
    stage.converge().await?;
    let first = [stage.org.first()];
    stage.org.desired.api_keys.clear();
    stage.org.api_key("other", "Other", &first);
    stage.faults(&[Fault::always(Target::ApiKeys, Effect::Refused)]);
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty() && !plan.unseen.is_empty(), "nothing is done: {}", told(&plan));
    stage.faults(&[]);
    stage.converge().await
}

async fn the_key_that_we_run_with_is_kept_and_told(stage: &mut Stage) -> Step {
    stage.org.roles();
    stage.org.take_over();
    let own = stage.sight().await?.own_keys();
    let first = [stage.org.first()];
    for (number, id) in own.iter().enumerate() {
        if let Some(key) = stage.org.api_key(&format!("own-{number}"), "", &first) {
            key.external_id = Some(id.clone());
            key.fields.clear();
            key.secret_to = None;
        }
    }
    stage.apply().await.map(drop)?;
    let there = stage.sight().await?.api_keys(ACME);
    ensure!(own.iter().all(|id| there.contains_key(id)), "they are seen: {there:?}");
    let plan = stage.plan().await?.plan;
    ensure!(plan.changes.is_empty(), "they are not narrowed: {}", told(&plan));

    stage.org.desired.api_keys.clear();
    let plan = stage.plan().await?.plan;
    let refused = plan.refused.iter().filter(|one| one.because.contains("runs with this key")).count();
    ensure!(plan.changes.is_empty() && refused == own.len(), "they are not removed: {}", told(&plan));
    stage.apply().await.map(drop)?;
    let left = stage.sight().await?.api_keys(ACME);
    ensure!(left == there, "they are as they were: {left:?}, {there:?}");
    Ok(())
}

fn declare(stage: &mut Stage) {
    stage.org.roles();
    let first = [stage.org.first()];
    stage.org.api_key(CI, "CI", &first);
}

async fn remake(stage: &mut Stage) -> Step {
    stage.requests.remake.insert(stage.key_address(ROOT, CI));
    let report = stage.apply().await?;
    stage.requests.remake.clear();
    let failed = report.outcomes.iter().find(|outcome| !outcome.result.is_done());
    ensure!(failed.is_none() && report.outcomes.len() == 2, "one comes and one goes: {report:?}");
    stage.is_converged().await.map(drop)
}

/// Keys that are not those that the suite runs with, nor any that was there from the start.
async fn made(stage: &Stage) -> Step<Vec<ApiKeyId>> {
    let sight = stage.sight().await?;
    let own = sight.own_keys();
    Ok(sight.api_keys(ACME).into_keys().filter(|id| !own.contains(id)).collect())
}

async fn the_key(stage: &Stage) -> Step<ApiKeyId> {
    let made = made(stage).await?;
    match made.as_slice() {
        [key] => Ok(key.clone()),
        several => Err(Broken(format!("one key should be there, not {several:?}"))),
    }
}

/// There is one key, its secret is where it belongs, and that is remembered.
async fn is_whole(stage: &Stage) -> Step {
    let key = the_key(stage).await?;
    let there = stage.secrets.at(&Org::secret_place(CI)).map(|(key, _)| key);
    ensure!(there.as_ref() == Some(&key), "{key} has its secret there, not {there:?}");
    let state = stage.state().await?.unwrap_or_default();
    let fate = state.api_keys.get(&key).map(|record| record.secret.clone());
    ensure!(fate == Some(SecretFate::Stored(Org::secret_place(CI))), "that is remembered: {fate:?}");
    ensure!(stage.plan().await?.plan.missing_secrets.is_empty(), "and nothing is missing");
    Ok(())
}
