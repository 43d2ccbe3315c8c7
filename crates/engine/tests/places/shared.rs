//! Stories of a state on a branch and in a bucket.

use std::time::Duration;

use orgform_engine::Clock;
use orgform_engine::state::{GitStore, Holder, ObjectBackend, StateError, Store};
use orgform_model::State;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::places::{Place, Repository, clock, git, open, person, provider, root};

#[tokio::test]
async fn the_work_tree_and_the_index_are_never_touched() {
    let place = Repository::new();
    let folder = place.0.path();
    std::fs::write(folder.join("staged.yaml"), "staged").unwrap();
    git(folder, &["add", "staged.yaml"]);
    std::fs::write(folder.join("staged.yaml"), "edited").unwrap();
    std::fs::write(folder.join("new.yaml"), "new").unwrap();
    let before = (git(folder, &["status", "--porcelain"]), git(folder, &["rev-parse", "HEAD"]));

    let mut run = open(&place, "ada", &clock()).await.unwrap();
    run.record(&provider(), vec![person("user-1")]).await.unwrap();
    run.close().await.unwrap();

    let after = (git(folder, &["status", "--porcelain"]), git(folder, &["rev-parse", "HEAD"]));
    assert_eq!(after, before);
    let files = git(folder, &["ls-tree", "--name-only", GitStore::BRANCH]);
    assert_eq!(files.trim(), "root-1.json");
}

#[tokio::test]
async fn a_root_in_a_subfolder_of_the_repository_reads_back_what_it_wrote() {
    let place = Repository::new();
    let folder = place.0.path().join("people").join("acme");
    std::fs::create_dir_all(&folder).unwrap();
    let below = GitStore::new(&folder, GitStore::BRANCH, None, &root()).unwrap();
    let stamp = below.save_if_unchanged(&State::new(root()), None).await.unwrap();
    assert_eq!(below.load().await.unwrap().unwrap().0, State::new(root()));
    let mut later = State::new(root());
    later.record(&provider(), [person("user-1")]);
    below.save_if_unchanged(&later, Some(&stamp)).await.unwrap();
    assert_eq!(place.store().load().await.unwrap().unwrap().0, later);
    let files = git(place.0.path(), &["ls-tree", "--name-only", GitStore::BRANCH]);
    assert_eq!(files.trim(), "root-1.json");
}

#[tokio::test]
async fn a_commit_is_not_built_on_the_lease_of_another() {
    let place = Repository::new();
    let (slow, next) = (place.store(), place.store());
    let (now, ttl) = (clock().now(), Duration::from_secs(60));
    let _silent = slow.lease(&Holder::new("ada"), ttl, now).await.unwrap();
    let _holds = next.lease(&Holder::new("ken"), ttl, now + ttl).await.unwrap();
    let refused = slow.save_if_unchanged(&State::new(root()), None).await;
    assert!(matches!(refused, Err(StateError::LeaseLost { .. })));
    next.save_if_unchanged(&State::new(root()), None).await.unwrap();
}

#[tokio::test]
async fn two_roots_share_a_branch_without_getting_in_each_others_way() {
    let place = Repository::new();
    let other = GitStore::new(place.0.path(), GitStore::BRANCH, None, &"root-2".into()).unwrap();
    let mut run = open(&place, "ada", &clock()).await.unwrap();
    run.record(&provider(), vec![person("user-1")]).await.unwrap();
    other.save_if_unchanged(&State::new("root-2".into()), None).await.unwrap();
    run.record(&provider(), vec![person("user-2")]).await.unwrap();
    run.close().await.unwrap();
    assert_eq!(other.load().await.unwrap().unwrap().0, State::new("root-2".into()));
    assert_eq!(place.store().load().await.unwrap().unwrap().0.providers[&provider()].people.len(), 2);
}

#[tokio::test]
async fn a_folder_without_a_repository_is_told_as_git_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = GitStore::new(folder.path(), GitStore::BRANCH, None, &root()).unwrap();
    let error = store.load().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("not a git repository"), "{source}");
}

#[test]
fn a_bucket_is_named_by_its_url() {
    let settings = || {
        [("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    };
    let store = ObjectBackend::from_url("s3://bucket/acme", settings(), &root()).unwrap();
    assert_eq!(store.place(), "s3://bucket/acme");
    for wrong in ["bucket/acme", "https://bucket.example", "ftp://x/y"] {
        let error = ObjectBackend::from_url(wrong, settings(), &root()).unwrap_err();
        assert!(matches!(error, StateError::BadPlace { .. }), "{wrong}");
    }
}

#[test]
fn a_root_id_that_is_no_file_name_is_refused() {
    for wrong in ["", "..", "a/b", ".hidden", "a b"] {
        assert!(GitStore::new(".", GitStore::BRANCH, None, &wrong.into()).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn over_the_wire_a_put_says_what_it_replaces() {
    let server = MockServer::start().await;
    let object = "/bucket/acme/root-1.json";
    let answers = |status: u16, tag: &str| ResponseTemplate::new(status).insert_header("ETag", tag);
    let missing = Mock::given(method("GET")).and(path(object)).respond_with(ResponseTemplate::new(404));
    let made = Mock::given(method("PUT")).and(path(object)).and(header("If-None-Match", "*"));
    let replaced = Mock::given(method("PUT")).and(path(object)).and(header("If-Match", "\"one\""));
    missing.up_to_n_times(1).mount(&server).await;
    made.respond_with(answers(200, "\"one\"")).expect(1).mount(&server).await;
    replaced.respond_with(answers(200, "\"two\"")).up_to_n_times(1).expect(1).mount(&server).await;
    // Whoever comes later with an old version is told so, and finds somebody else's state.
    Mock::given(method("PUT"))
        .and(path(object))
        .respond_with(ResponseTemplate::new(412))
        .mount(&server)
        .await;
    let other = answers(200, "\"two\"")
        .set_body_string("{}")
        .insert_header("Last-Modified", "Mon, 23 Nov 2026 08:00:00 GMT");
    Mock::given(method("GET")).and(path(object)).respond_with(other).mount(&server).await;

    let settings = [
        ("AWS_ENDPOINT_URL", server.uri()),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value));
    let store = ObjectBackend::from_url("s3://bucket/acme", settings, &root()).unwrap();
    assert!(store.load().await.unwrap().is_none());
    let state = State::new(root());
    let one = store.save_if_unchanged(&state, None).await.unwrap();
    store.save_if_unchanged(&state, Some(&one)).await.unwrap();
    let late = store.save_if_unchanged(&state, Some(&one)).await;
    assert!(matches!(late, Err(StateError::Changed { .. })), "{late:?}");
}
