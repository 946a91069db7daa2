//! The company, its settings, its audit log.

use super::fixture::{NOW, apply, must};
use crate::{Change, Company, NewAudit, Sealed, Setting, Store};

/// The second put replaces the first; there is no second row.
pub async fn the_company_is_one_and_can_be_replaced(store: &dyn Store) {
    assert_eq!(must(store.company().await), None);
    let first = Company {
        name: "Müller Anlagenbau GmbH".to_owned(),
        short_name: "Müller".to_owned(),
        keys: Sealed { nonce: vec![1; 24], salt: vec![2; 16], ciphertext: vec![0, 255, 3] },
        settings: "{}".to_owned(),
    };
    let second = Company { short_name: "MA".to_owned(), settings: r#"{"a":1}"#.to_owned(), ..first.clone() };
    apply(store, vec![Change::PutCompany(first.clone())]).await;
    assert_eq!(must(store.company().await), Some(first));
    apply(store, vec![Change::PutCompany(second.clone())]).await;
    assert_eq!(must(store.company().await), Some(second));
}

/// Keys are apart, and a value may be replaced.
pub async fn a_setting_keeps_its_last_value(store: &dyn Store) {
    let put =
        |key: &str, value: &str| Change::PutSetting(Setting { key: key.to_owned(), value: value.to_owned() });
    assert_eq!(must(store.setting("epoch").await), None);
    apply(store, vec![put("epoch", "1"), put("note", "hello"), put("epoch", "2")]).await;
    assert_eq!(must(store.setting("epoch").await).as_deref(), Some("2"));
    assert_eq!(must(store.setting("note").await).as_deref(), Some("hello"));
}

/// The next page begins where the last one ended.
pub async fn the_audit_log_comes_newest_first_in_pages(store: &dyn Store) {
    for n in 0..5 {
        let line = NewAudit { at: NOW + n, who: "anna".to_owned(), what: format!("act {n}") };
        apply(store, vec![Change::Audit(line)]).await;
    }
    let first = must(store.audit(None, 3).await);
    let second = must(store.audit(first.last().map(|row| row.position), 3).await);
    let read: Vec<_> = first.iter().chain(&second).map(|row| row.what.as_str()).collect();
    assert_eq!(read, ["act 4", "act 3", "act 2", "act 1", "act 0"]);
    assert_eq!((first[0].at, first[0].who.as_str()), (NOW + 4, "anna"));
}
