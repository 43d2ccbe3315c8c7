//! Accounts are made once, found again, and never made anew because a name changed.

use std::collections::BTreeSet;

use orgform_model::policy::{Allow, Removal};
use orgform_model::semantics::{AccountSemantics, Rule, Semantics, Shape};
use orgform_model::{Address, Capabilities, Thing, Value};
use orgform_plan::{Fate, Outcome, Report};

use super::{ACME, ADA, GRACE, stories};
use crate::suite::stage::ensure;
use crate::suite::{Act, ROOT, Stage, Step, fate, told};

stories! {
    an_account_is_made_once_and_found_again if |_, can| can.create_account;
    an_account_is_made_with_its_admin if |_, can| can.create_account;
    an_account_is_renamed_not_made_anew if |_, can| can.create_account && can.update_account;
    an_account_renamed_by_hand_is_named_back if |_, can| can.update_account;
    a_field_of_an_account_follows_its_declaration if
        |semantics, can| can.update_account && note(&semantics.accounts).is_some();
    // Else nobody looks below any more, once nothing is declared there.
    an_account_no_longer_declared_is_let_go_of if
        |semantics, can| can.create_account && semantics.accounts.below_listed;
    an_account_goes_only_if_that_is_declared_and_allowed if makes_and_removes;
    children_go_before_their_parent if |semantics, can| {
        semantics.accounts.tree && semantics.accounts.below_listed && makes_and_removes(semantics, can)
    };
    a_role_of_an_account_is_granted_below_it if inherits;
    what_is_held_above_is_no_grant_below if inherits;
}

fn inherits(semantics: &Semantics, can: &Capabilities) -> bool {
    semantics.accounts.tree && semantics.roles.inherited && can.write_roles && can.create_account
}

fn makes_and_removes(_: &Semantics, can: &Capabilities) -> bool {
    can.create_account && can.remove_account
}

/// A text field besides the name.
fn note(accounts: &AccountSemantics) -> Option<&'static str> {
    let plain =
        accounts.fields.iter().filter(|field| field.shape == Shape::Text && field.rule == Rule::Plain);
    plain.map(|field| field.name).find(|name| *name != accounts.natural_key)
}

async fn an_account_is_made_once_and_found_again(stage: &mut Stage) -> Step {
    stage.org.account("finance", "Finance");
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").len() == 1, "there is one account of that name");
    Ok(())
}

async fn an_account_is_made_with_its_admin(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    let admin = [stage.org.admin_in(&finance)];
    stage.org.member(ADA, finance, &admin);
    stage.converge().await?;
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    ensure!(stage.mails_to(ADA) == 1, "one mail went out, not {}", stage.mails_to(ADA));
    stage.holds("Finance", ADA, &admin).await
}

async fn an_account_is_renamed_not_made_anew(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    stage.converge().await?;
    let key = stage.subject().semantics().accounts.natural_key.to_owned();
    stage.org.account_mut(&finance).fields.insert(key, Value::text("Money"));
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Money").len() == 1, "it has the new name");
    ensure!(sight.accounts("Finance").is_empty(), "none has the old name");
    Ok(())
}

async fn an_account_renamed_by_hand_is_named_back(stage: &mut Stage) -> Step {
    stage.converge().await?;
    stage.act(Act::RenameAccount { account: ACME, name: "Emca" })?;
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts(ACME).len() == 1, "it has its name back");
    Ok(())
}

async fn a_field_of_an_account_follows_its_declaration(stage: &mut Stage) -> Step {
    let Some(field) = note(&stage.subject().semantics().accounts) else { return Ok(()) };
    stage.converge().await?;
    for text in ["All of us", "All of us, and more"] {
        stage.org.account_mut(&ROOT.into()).fields.insert(field.to_owned(), Value::text(text));
        let report = stage.converge_and_tell().await?;
        ensure!(report.outcomes.len() == 1, "one change is enough: {:?}", report.outcomes);
    }
    // An absent key is not managed: dropping the declaration changes nothing.
    stage.org.account_mut(&ROOT.into()).fields.remove(field);
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.is_empty(), "what is not declared stays: {:?}", report.outcomes);
    Ok(())
}

async fn an_account_no_longer_declared_is_let_go_of(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    stage.converge().await?;
    stage.org.drop_account(&finance);
    let report = stage.converge_and_tell().await?;
    ensure!(report.forgotten == 1 && report.outcomes.is_empty(), "its removal is Retain: {report:?}");
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").len() == 1, "it is still there");
    Ok(())
}

async fn an_account_goes_only_if_that_is_declared_and_allowed(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    stage.org.account_mut(&finance).removal = Removal::Remove;
    stage.converge().await?;

    let sight = stage.sight().await?;
    let facts = sight.accounts("Finance").first().and_then(|id| sight.world.directory.accounts.get(*id));
    let reversible = facts.is_some_and(|account| account.removal.reversible);
    stage.org.drop_account(&finance);
    if !reversible {
        stage.org.desired.policy.safety.allow = BTreeSet::new();
        let plan = stage.plan().await?.plan;
        ensure!(plan.changes.is_empty() && plan.refused.len() == 1, "it needs an opt-in: {}", told(&plan));
        stage.org.desired.policy.safety.allow.insert(Allow::Irreversible);
    }
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").is_empty(), "it is gone");
    Ok(())
}

async fn children_go_before_their_parent(stage: &mut Stage) -> Step {
    let finance = stage.org.account("finance", "Finance");
    let tax = stage.org.account_below(&finance, "tax", "Tax");
    for path in [&finance, &tax] {
        stage.org.account_mut(path).removal = Removal::Remove;
    }
    stage.converge().await?;
    stage.org.drop_account(&finance);
    stage.org.drop_account(&tax);
    stage.converge().await?;
    let sight = stage.sight().await?;
    ensure!(sight.accounts("Finance").is_empty() && sight.accounts("Tax").is_empty(), "both are gone");
    Ok(())
}

async fn a_role_of_an_account_is_granted_below_it(stage: &mut Stage) -> Step {
    stage.org.roles();
    let finance = stage.org.account("finance", "Finance");
    let first = [stage.org.first()];
    stage.org.member(ADA, finance.clone(), &first);
    let report = stage.apply().await?;
    let address = stage.address(finance.as_str(), ADA);
    let mut held = first.clone();
    if let Fate::Failed { next, unknown: false, .. } = fate(&report, &address)? {
        // A server may keep roles to the account that owns them. Then it is told each time and nobody is mailed.
        ensure!(next.contains("declare a Role"), "it is told what to do: {next}");
        let again = stage.apply().await?;
        ensure!(again.outcomes == of(&report, &address), "the second time is like the first: {again:?}");
        ensure!(
            stage.mails_to(ADA) == 0 && stage.sight().await?.invites("Finance", ADA).is_empty(),
            "no mail"
        );
        held = [stage.org.ordinary_in(&finance)];
        stage.org.member(ADA, finance, &held);
    }
    stage.converge().await?;
    stage.act(Act::Accept { email: ADA })?;
    stage.converge().await?;
    stage.holds("Finance", ADA, &held).await
}

/// The outcome at one address alone.
fn of(report: &Report, address: &Address) -> Vec<Outcome> {
    report.outcomes.iter().filter(|outcome| outcome.address == *address).cloned().collect()
}

async fn what_is_held_above_is_no_grant_below(stage: &mut Stage) -> Step {
    stage.org.roles();
    let first = stage.org.first();
    let finance = stage.org.account("finance", "Finance");
    let there = [stage.org.ordinary_in(&finance)];
    stage.org.member(ADA, ROOT, std::slice::from_ref(&first));
    stage.org.member(ADA, finance.clone(), &there);
    stage.org.member(GRACE, ROOT, std::slice::from_ref(&first));
    stage.converge().await?;
    for email in [ADA, GRACE] {
        stage.act(Act::Accept { email })?;
    }
    stage.converge().await?;
    let plan = stage.is_converged().await?;
    let kept = plan.kept.iter().find(|kept| matches!(kept.address.thing, Thing::Member(..)));
    ensure!(kept.is_none(), "nobody is unmanaged: {kept:?}");

    // Somebody from above is let in without being taken for a member already, and leaves without a trace.
    stage.org.member(GRACE, finance.clone(), &there);
    let mails = stage.mails_to(GRACE);
    let report = stage.converge_and_tell().await?;
    ensure!(report.outcomes.len() == 1, "one change lets her in: {report:?}");
    if !stage.plan().await?.plan.waiting.is_empty() {
        stage.act(Act::Accept { email: GRACE })?;
        stage.converge().await?;
    }
    ensure!(stage.mails_to(GRACE) <= mails + 1, "she got {} mails", stage.mails_to(GRACE) - mails);
    stage.org.without_limits();
    stage.org.drop_member(GRACE, finance.clone());
    stage.org.drop_member(ADA, ROOT);
    stage.converge().await?;
    stage.is_converged().await?;
    stage.holds(ACME, GRACE, &[first]).await?;
    stage.holds("Finance", ADA, &there).await
}
