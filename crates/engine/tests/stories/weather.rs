//! Crashes, lost answers, lost leases, things seen late or not at all.

use std::time::Duration;

use orgform_engine::state::Holder;
use orgform_engine::{Clock, EngineError, OpenState, Silent, StateError};
use orgform_model::Scope;
use orgform_plan::{Fate, Verified};

use crate::scene::{Scene, cut_after, email, fate, provider, root, start};
use crate::server::Fault;

#[tokio::test]
async fn a_write_without_an_answer_is_found_out_and_not_sent_again() {
    for (fault, listed) in [(Fault::AnswerLost, true), (Fault::Lost, false)] {
        let mut scene = Scene::new();
        scene.declare("acme", "ada", &["reader"]);
        scene.server.fail("invite ada@acme.example", fault);
        let mut state = scene.open().await;
        let planned = scene.plan(None).await.unwrap();
        let report = scene.carry_out(&planned, &mut state).await.unwrap();
        assert!(matches!(fate(&report, "ada@acme.example"), Fate::Failed { unknown: true, .. }));
        assert_eq!(report.mails, 1, "it may have gone out");
        assert_eq!(state.provider(&provider()).unwrap().intents.len(), 1);
        drop(state);

        scene.server.inside().faults.clear();
        let report = scene.apply().await.unwrap();
        assert!(report.outcomes.is_empty(), "{report:#?}");
        let state = scene.state().await;
        assert!(state.intents.is_empty());
        assert_eq!(scene.server.times("invite ada@acme.example"), usize::from(listed));
        assert_eq!(state.membership(&"ac-acme".into(), &email("ada")).unwrap().mail.attempts, 1);
    }
}

#[tokio::test]
async fn an_answer_about_something_else_counts_as_unknown() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    scene.server.fail("invite ada@acme.example", Fault::OddAnswer);
    let planned = scene.plan(None).await.unwrap();
    let mut state = scene.open().await;
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert!(matches!(fate(&report, "ada@acme.example"), Fate::Failed { unknown: true, .. }));
}

#[tokio::test]
async fn a_write_without_an_answer_that_the_last_look_shows_is_done() {
    for fault in [Fault::AnswerLost, Fault::OddAnswer] {
        let mut scene = Scene::new();
        scene.declare("acme", "ada", &["reader"]);
        scene.server.fail("invite ada@acme.example", fault);
        let report = scene.apply().await.unwrap();
        assert_eq!(*fate(&report, "ada@acme.example"), Fate::Invited);
        assert!(report.is_complete() && report.verified == Verified::Converged, "{report:#?}");
        assert!(scene.state().await.intents.is_empty());
        assert_eq!(scene.server.times("invite ada@acme.example"), 1);
    }
}

#[tokio::test]
async fn a_write_without_an_answer_that_the_last_look_does_not_show_is_not_done() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    scene.server.fail("invite ada@acme.example", Fault::Lost);
    let report = scene.apply().await.unwrap();
    assert!(matches!(fate(&report, "ada@acme.example"), Fate::Failed { unknown: true, .. }));
    assert!(!report.is_complete());
}

#[tokio::test]
async fn after_a_wish_to_stop_nothing_starts_and_what_runs_is_recorded() {
    for mut scene in [Scene::new(), Scene::in_a_bucket()] {
        for number in 0..40 {
            scene.declare("acme", &format!("person-{number:02}"), &["reader"]);
        }
        let planned = scene.plan(None).await.unwrap();
        let mut state = scene.open().await;
        let (report, ()) = tokio::join!(scene.carry_out(&planned, &mut state), async {
            while scene.server.done().is_empty() {
                tokio::task::yield_now().await;
            }
            scene.stop.ask();
        });
        let report = report.unwrap();
        let done = report.outcomes.iter().filter(|outcome| outcome.result.is_done()).count();
        let stopped = report.outcomes.iter().filter(|outcome| outcome.result == Fate::Stopped).count();
        assert_eq!(done + stopped, 40);
        assert!((1..=8).contains(&done), "{done}");
        assert_eq!(scene.server.done().len(), done);
        state.close().await.unwrap();
        assert!(scene.state().await.intents.is_empty(), "what was not sent is no intent");

        scene.stop = Default::default();
        let report = scene.apply().await.unwrap();
        assert_eq!(report.outcomes.len(), stopped);
        assert_eq!(report.verified, Verified::Converged);
        assert_eq!(scene.server.done().len(), 40);
    }
}

#[tokio::test]
async fn a_crash_at_any_moment_makes_no_second_mail_and_no_second_account() {
    for in_a_bucket in [false, true] {
        for polls in 1.. {
            let mut scene = if in_a_bucket { Scene::in_a_bucket() } else { Scene::new() };
            scene.capabilities.rate.concurrency = 2;
            scene.server.inside().join("ac-acme", "ken", &["role-reader"]);
            scene.declare("acme", "ken", &["reader"]);
            let _ = scene.apply().await.unwrap();
            scene.undeclare("acme", "ken");
            scene.declare_account("acme/lab");
            scene.declare("acme/lab", "ada", &["reader"]);
            scene.declare("acme", "joan", &["reader"]);

            let crashed = cut_after(polls, scene.apply()).await;
            // The next run is the next day: every lease has run out.
            scene.clock.advance(Duration::from_secs(24 * 3600));
            let before: Vec<_> = scene.state().await.intents.into_keys().collect();
            let sent = scene.server.done();
            // And the first look does not list the invites yet.
            scene.server.inside().invites_listed_after = 1;
            let report = scene.apply().await.unwrap();
            for once in [
                "create account lab",
                "invite ada@acme.example",
                "invite joan@acme.example",
                "remove user-ken",
            ] {
                let times = scene.server.times(once);
                // A mail that may have gone out while nothing shows waits for a person; all else is done.
                let may_be_unknown = once.starts_with("invite")
                    && before
                        .iter()
                        .any(|one| once.ends_with(one.email().map_or("?", |email| email.as_str())));
                assert!(
                    times == 1 || times == 0 && may_be_unknown,
                    "{once}: {times} at {polls}, {sent:?}, {report:#?}"
                );
            }
            assert!(scene.state().await.intents.is_empty(), "at {polls}");
            assert_eq!(scene.server.inside().accounts.len(), 2);
            if crashed.is_some() {
                assert!(polls > 20, "the story was cut {polls} times only");
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_account_that_can_not_be_read_is_told_and_the_others_go_on() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    let _ = scene.apply().await.unwrap();
    let lab = scene.server.inside().account("lab");
    scene.declare("acme/lab", "ada", &["reader"]);
    scene.declare("acme", "ken", &["reader"]);
    scene.server.inside().unseen.insert(Scope::Account { id: lab, fields: Default::default() });
    let report = scene.apply().await.unwrap();
    assert_eq!(report.outcomes.len(), 1);
    assert_eq!(*fate(&report, "ken@acme.example"), Fate::Invited);
    assert!(matches!(&report.verified, Verified::NotChecked { because } if because.contains("acme/lab")));
}

#[tokio::test]
async fn without_the_list_of_accounts_nothing_is_planned() {
    let scene = Scene::new();
    scene.server.inside().unseen.insert(Scope::Directory);
    let error = scene.plan(None).await.unwrap_err();
    assert!(matches!(error, EngineError::Unobservable(_)));
    assert_eq!(error.hint().as_deref(), Some("ask for the right to read."));
}

#[tokio::test]
async fn what_is_listed_late_is_waited_for() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    scene.server.inside().invites_listed_after = 2;
    let report = scene.apply().await.unwrap();
    assert_eq!(report.verified, Verified::Converged, "{report:#?}");
    assert!(scene.clock.now() > start(), "it waited");
}

#[tokio::test]
async fn a_young_intent_is_waited_for_before_looking() {
    let mut scene = Scene::new();
    scene.declare("acme", "ada", &["reader"]);
    scene.server.fail("invite ada@acme.example", Fault::AnswerLost);
    let mut state = scene.open().await;
    let planned = scene.plan(None).await.unwrap();
    let _ = scene.carry_out(&planned, &mut state).await.unwrap();
    drop(state);
    let before = scene.clock.now();
    let report = scene.apply().await.unwrap();
    assert!(report.outcomes.is_empty());
    assert!(scene.clock.now() >= before + scene.capabilities.visible_within);
}

#[tokio::test]
async fn what_nobody_looked_for_is_waited_for_though_its_outcome_is_known() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    let mut state = scene.open().await;
    let planned = scene.plan(None).await.unwrap();
    let report = scene.carry_out(&planned, &mut state).await.unwrap();
    assert_eq!(*fate(&report, "acme/lab"), Fate::Done);
    assert!(state.provider(&provider()).unwrap().intents.is_empty());
    drop(state);
    let killed = scene.clock.now();
    let _ = scene.apply().await.unwrap();
    assert!(scene.clock.now() >= killed + scene.capabilities.visible_within);
}

#[tokio::test]
async fn after_a_run_that_looked_nothing_is_waited_for() {
    let mut scene = Scene::new();
    scene.declare_account("acme/lab");
    let _ = scene.apply().await.unwrap();
    let before = scene.clock.now();
    let _ = scene.apply().await.unwrap();
    assert_eq!(scene.clock.now(), before);
}

#[tokio::test]
async fn a_lease_that_is_lost_on_the_way_stops_the_run() {
    let mut scene = Scene::in_a_bucket();
    scene.capabilities.rate.concurrency = 1;
    for number in 0..40 {
        scene.declare("acme", &format!("person-{number:02}"), &["reader"]);
    }
    let planned = scene.plan(None).await.unwrap();
    let mut slow = scene.open().await;
    let (result, other) = tokio::join!(scene.carry_out(&planned, &mut slow), async {
        while scene.server.done().is_empty() {
            tokio::task::yield_now().await;
        }
        scene.clock.advance(Duration::from_secs(3600));
        scene.open().await
    });
    let Err(EngineError::Interrupted { report, source }) = result else { panic!("{result:#?}") };
    assert!(source.to_string().contains("was lost"), "{source}");
    let sent = scene.server.done().len();
    assert!((1..=2).contains(&sent), "{sent}");
    let stopped = report.outcomes.iter().filter(|outcome| outcome.result == Fate::Stopped).count();
    assert_eq!(stopped, 40 - sent);
    other.close().await.unwrap();

    // The next run can't know which of the group of intents were sent: it mails nobody of them again.
    let report = scene.apply().await.unwrap();
    assert_eq!(report.outcomes.len(), 40 - 16);
    assert_eq!(scene.server.done().len(), sent + 40 - 16);
    assert!(scene.state().await.intents.is_empty());
}

#[tokio::test]
async fn when_the_state_can_not_be_written_any_more_nothing_more_is_sent() {
    let mut scene = Scene::new();
    scene.capabilities.rate.concurrency = 1;
    for number in 0..10 {
        scene.declare("acme", &format!("person-{number:02}"), &["reader"]);
    }
    let planned = scene.plan(None).await.unwrap();
    let mut state = scene.open().await;
    let (result, ()) = tokio::join!(scene.carry_out(&planned, &mut state), async {
        while scene.server.done().is_empty() {
            tokio::task::yield_now().await;
        }
        std::fs::remove_dir_all(scene.state_folder()).unwrap();
    });
    let Err(EngineError::Interrupted { report, .. }) = result else { panic!("{result:#?}") };
    assert_eq!(scene.server.done().len(), 1);
    assert_eq!(report.outcomes.iter().filter(|outcome| outcome.result == Fate::Stopped).count(), 9);
    assert_eq!(report.outcomes.iter().filter(|outcome| outcome.result == Fate::Invited).count(), 1);
}

#[tokio::test]
async fn two_runs_at_once_do_not_both_write() {
    for scene in [Scene::new(), Scene::in_a_bucket()] {
        let first = scene.open().await;
        let second =
            OpenState::open(scene.store(), &root(), &Holder::new("second"), scene.clock.clone()).await;
        assert!(matches!(second, Err(StateError::Held { .. })));
        first.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_run_may_wait_for_another_to_end() {
    let scene = Scene::in_a_bucket();
    let crashed = scene.open().await;
    drop(crashed);
    let wait = async |patience| {
        let (store, clock) = (scene.store(), scene.clock.clone());
        OpenState::open_within(patience, store, &root(), &Holder::new("next"), clock, &Silent).await
    };
    assert!(matches!(wait(Duration::from_secs(60)).await, Err(StateError::Held { .. })));
    assert_eq!(scene.clock.now(), start() + Duration::from_secs(60));
    wait(Duration::from_secs(600)).await.unwrap().close().await.unwrap();
    assert_eq!(scene.clock.now(), start() + Duration::from_secs(300), "as soon as the lease has run out");
}
