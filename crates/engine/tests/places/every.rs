//! Stories that every place for a state lives through.

use std::time::Duration;

use orgform_engine::Clock;
use orgform_engine::state::{Holder, StateError, read};
use orgform_model::State;
use orgform_model::state::Entry;

use crate::places::{
    Place, address, clock, connected, intend, intents, open, person, provider, root, state_with,
};

macro_rules! every_place {
    ($($story:ident,)*) => {
        mod in_a_file { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Folder::new()).await; })* }
        mod on_a_branch { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Repository::new()).await; })* }
        mod at_a_remote { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Clones::new()).await; })* }
        mod in_a_bucket { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Bucket::new()).await; })* }
    };
}

macro_rules! every_place_without_locks {
    ($($story:ident,)*) => {
        mod on_a_branch_without_locks { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Repository::new()).await; })* }
        mod at_a_remote_without_locks { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Clones::new()).await; })* }
        mod in_a_bucket_without_locks { $(#[tokio::test] async fn $story() { super::$story(&crate::places::Bucket::new()).await; })* }
    };
}

every_place! {
    what_was_never_saved_is_not_there,
    a_saved_state_reads_back,
    a_save_over_somebody_elses_is_refused,
    a_second_run_is_told_who_has_the_lease,
    after_a_crash_the_lease_can_be_taken,
    a_crash_between_intent_and_outcome_leaves_the_intent,
    what_is_recorded_is_read_at_once_and_after_closing,
    another_roots_state_is_refused,
    a_newer_form_is_refused_and_left_alone,
    a_second_lease_of_the_same_store_is_refused,
}

every_place_without_locks! {
    who_lost_the_lease_can_not_write_any_more,
    a_lease_that_is_used_does_not_run_out,
}

async fn what_was_never_saved_is_not_there(place: &dyn Place) {
    assert!(place.store().load().await.unwrap().is_none());
    assert!(read(&*place.store(), &root()).await.unwrap().is_none());
}

async fn a_saved_state_reads_back(place: &dyn Place) {
    let state = state_with("https://one.example");
    let version = place.store().save_if_unchanged(&state, None).await.unwrap();
    assert_eq!(place.store().load().await.unwrap(), Some((state, version)));
}

async fn a_save_over_somebody_elses_is_refused(place: &dyn Place) {
    let (one, two) = (place.store(), place.store());
    let first = state_with("https://one.example");
    let version = one.save_if_unchanged(&first, None).await.unwrap();
    let second = state_with("https://two.example");
    assert!(matches!(two.save_if_unchanged(&second, None).await, Err(StateError::Changed { .. })));

    one.save_if_unchanged(&second, Some(&version)).await.unwrap();
    let refused = two.save_if_unchanged(&state_with("https://three.example"), Some(&version)).await;
    assert!(matches!(refused, Err(StateError::Changed { .. })));
    assert_eq!(place.store().load().await.unwrap().unwrap().0, second);
}

async fn a_second_run_is_told_who_has_the_lease(place: &dyn Place) {
    let clock = clock();
    let first = open(place, "ada on build-7", &clock).await.unwrap();
    let error = open(place, "ken", &clock).await.unwrap_err();
    assert!(matches!(error, StateError::Held { .. }), "{error}");
    assert!(error.to_string().contains("ada on build-7"), "{error}");
    assert!(error.hint().unwrap().contains("--wait"));
    first.close().await.unwrap();
    open(place, "ken", &clock).await.unwrap().close().await.unwrap();
}

async fn a_second_lease_of_the_same_store_is_refused(place: &dyn Place) {
    let store = place.store();
    let ttl = Duration::from_secs(60);
    let mut first = store.lease(&Holder::new("ada"), ttl, clock().now()).await.unwrap();
    let second = store.lease(&Holder::new("ken"), ttl, clock().now()).await;
    assert!(matches!(second, Err(StateError::Held { .. })));
    first.release(clock().now()).await.unwrap();
}

async fn after_a_crash_the_lease_can_be_taken(place: &dyn Place) {
    let clock = clock();
    let mut crashed = open(place, "ada", &clock).await.unwrap();
    crashed.record(&provider(), vec![connected("https://one.example")]).await.unwrap();
    drop(crashed);
    clock.advance(Duration::from_secs(3600));
    let next = open(place, "ken", &clock).await.unwrap();
    assert_eq!(next.state(), &state_with("https://one.example"));
    next.close().await.unwrap();
}

async fn a_crash_between_intent_and_outcome_leaves_the_intent(place: &dyn Place) {
    let clock = clock();
    let mut crashed = open(place, "ada", &clock).await.unwrap();
    crashed.record(&provider(), vec![intend()]).await.unwrap();
    drop(crashed);
    assert_eq!(intents(place).await, 1);

    clock.advance(Duration::from_secs(3600));
    let mut next = open(place, "ada", &clock).await.unwrap();
    assert_eq!(next.provider(&provider()).unwrap().intents.len(), 1);
    next.record(&provider(), vec![Entry::Settled { address: address() }]).await.unwrap();
    next.close().await.unwrap();
    assert_eq!(intents(place).await, 0);
}

async fn what_is_recorded_is_read_at_once_and_after_closing(place: &dyn Place) {
    let clock = clock();
    let mut run = open(place, "ada", &clock).await.unwrap();
    for number in 0..5 {
        run.record(&provider(), vec![person(&format!("user-{number}"))]).await.unwrap();
        let seen = read(&*place.store(), &root()).await.unwrap().unwrap();
        assert_eq!(&seen, run.state());
    }
    let memory = run.state().clone();
    run.close().await.unwrap();
    assert_eq!(place.store().load().await.unwrap().unwrap().0, memory);
    assert_eq!(memory.providers[&provider()].people.len(), 5);
}

async fn another_roots_state_is_refused(place: &dyn Place) {
    place.store().save_if_unchanged(&State::new("root-2".into()), None).await.unwrap();
    let error = read(&*place.store(), &root()).await.unwrap_err();
    assert!(matches!(error, StateError::OtherRoot { .. }));
    let clock = clock();
    assert!(matches!(open(place, "ada", &clock).await, Err(StateError::OtherRoot { .. })));
    // And the lease that was taken for looking was given back.
    assert!(matches!(open(place, "ada", &clock).await, Err(StateError::OtherRoot { .. })));
}

async fn a_newer_form_is_refused_and_left_alone(place: &dyn Place) {
    let newer = State { format: 99, ..state_with("https://one.example") };
    place.store().save_if_unchanged(&newer, None).await.unwrap();
    let error = open(place, "ada", &clock()).await.unwrap_err();
    assert!(matches!(error, StateError::Newer { found: 99, .. }), "{error}");
    assert!(matches!(place.store().load().await, Err(StateError::Newer { .. })));
}

async fn who_lost_the_lease_can_not_write_any_more(place: &dyn Place) {
    let clock = clock();
    let mut slow = open(place, "ada", &clock).await.unwrap();
    slow.record(&provider(), vec![connected("https://one.example")]).await.unwrap();
    clock.advance(Duration::from_secs(3600));
    let next = open(place, "ken", &clock).await.unwrap();
    let error = slow.record(&provider(), vec![intend()]).await.unwrap_err();
    assert!(matches!(error, StateError::LeaseLost { .. }), "{error}");
    assert!(slow.record(&provider(), vec![intend()]).await.is_err());
    slow.close().await.unwrap();
    assert_eq!(intents(place).await, 0);
    // What the loser did on leaving does not touch the lease of the other.
    assert!(matches!(open(place, "joan", &clock).await, Err(StateError::Held { .. })));
    next.close().await.unwrap();
}

async fn a_lease_that_is_used_does_not_run_out(place: &dyn Place) {
    let clock = clock();
    let mut run = open(place, "ada", &clock).await.unwrap();
    for number in 0..5 {
        clock.advance(Duration::from_secs(200));
        run.record(&provider(), vec![person(&format!("user-{number}"))]).await.unwrap();
        assert!(matches!(open(place, "ken", &clock).await, Err(StateError::Held { .. })));
    }
    run.close().await.unwrap();
}
