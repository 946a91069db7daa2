//! Our own company: first run, recovery words, unlocking, sessions.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use lncontract_core::Bytes;
use lncontract_store::{Change, Company, Session, Setting, User};
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::{App, AppError, keys::Seed, seal};

/// How long a session lasts without a new sign-in.
const SESSION_S: i64 = 12 * 3_600;
/// The shortest password: it guards the money of a hot node.
const PASSWORD_LEN_MIN: usize = 10;
const WORDS_CONFIRMED: &str = "words-confirmed";

/// What the first run asks for.
pub struct NewCompany {
    /// The legal name.
    pub name: String,
    /// The name on pages, at most 24 characters.
    pub short_name: String,
    /// The name of the first user.
    pub user: String,
    /// Seals the seed and signs in.
    pub password: String,
}

impl App {
    /// Whether the first run is over.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn is_set_up(&self) -> Result<bool, AppError> {
        Ok(self.store.company().await?.is_some())
    }

    /// First run: draws the seed, seals it, makes the first user, starts the node.
    /// Returns the 24 recovery words.
    ///
    /// # Errors
    /// When a field is missing or the company is there already.
    pub async fn new_company(self: &Arc<Self>, new: NewCompany) -> Result<Vec<String>, AppError> {
        let seed = self.found_company(&new).await?;
        self.unlock(&seed, &new.name, &new.short_name).await?;
        Ok(seed.words())
    }

    /// First run without a node: draws the seed, seals it, makes the first user. The keys stay locked.
    ///
    /// # Errors
    /// When a field is missing or the company is there already.
    pub async fn found_company(&self, new: &NewCompany) -> Result<Seed, AppError> {
        if self.is_set_up().await? {
            return Err(AppError::refused("set-up", "this company is set up already", "sign in"));
        }
        check(new)?;
        let seed = Seed::draw();
        let keys =
            seal::seal(&new.password, seed.entropy()).map_err(|error| AppError::fault(error.to_string()))?;
        let company = Company {
            name: new.name.clone(),
            short_name: new.short_name.clone(),
            keys,
            settings: "{}".into(),
        };
        let user = User {
            id: new.user.clone(),
            name: new.user.clone(),
            password_hash: hash_password(&new.password)?,
            role: "administrator".into(),
        };
        self.store.commit(vec![Change::PutCompany(company), Change::PutUser(user)]).await?;
        Ok(seed)
    }

    /// Whether somebody has shown that the recovery words are written down.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn words_confirmed(&self) -> Result<bool, AppError> {
        Ok(self.store.setting(WORDS_CONFIRMED).await?.is_some())
    }

    /// The recovery words, shown until they are confirmed; needs the password again.
    ///
    /// # Errors
    /// When the password is another one, or the words were confirmed.
    pub async fn recovery_words(&self, password: &str) -> Result<Vec<String>, AppError> {
        if self.words_confirmed().await? {
            let todo = "they were shown until somebody confirmed them; they are not shown again";
            return Err(AppError::refused("words-confirmed", "the recovery words are confirmed", todo));
        }
        Ok(self.open_seed(password).await?.words())
    }

    /// Confirms that the words are written down: some of them, by their place from 1.
    ///
    /// # Errors
    /// Names the place of a word that is not the right one, never the word.
    pub async fn confirm_words(&self, password: &str, some: &[(usize, String)]) -> Result<(), AppError> {
        let words = self.open_seed(password).await?.words();
        for (place, word) in some {
            let right = place.checked_sub(1).and_then(|index| words.get(index));
            if right.is_none_or(|right| *right != word.trim().to_lowercase()) {
                let todo = format!("look at word {place} on your paper again");
                return Err(AppError::refused("wrong-word", format!("word {place} is not right"), todo));
            }
        }
        let now = self.clock.now().to_string();
        self.store
            .commit(vec![Change::PutSetting(Setting { key: WORDS_CONFIRMED.into(), value: now })])
            .await?;
        self.announce();
        Ok(())
    }

    /// Unlocks the keys and starts the node, if that was not done since the program started.
    ///
    /// # Errors
    /// When the password is another one.
    pub async fn unlock_with(self: &Arc<Self>, password: &str) -> Result<(), AppError> {
        if self.is_unlocked().await {
            return Ok(());
        }
        let company = self.company().await?;
        let seed = self.open_seed(password).await?;
        self.unlock(&seed, &company.name, &company.short_name).await
    }

    /// Signs a user in; the first one after a start unlocks the keys. Returns the session's token.
    ///
    /// # Errors
    /// When name or password are wrong (not said which).
    pub async fn sign_in(self: &Arc<Self>, name: &str, password: &str) -> Result<String, AppError> {
        let wrong = || {
            AppError::locked("name or password are wrong: check both, the password has upper and lower case")
        };
        let user = self.store.user_by_name(name).await?;
        // A stranger learns nothing from the time it takes: an unknown name costs one hash as well.
        let stored = match &user {
            Some(user) => user.password_hash.clone(),
            None => hash_password("no such user")?,
        };
        let parsed =
            PasswordHash::new(&stored).map_err(|_| AppError::fault("a stored password is unreadable"))?;
        let right = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
        let user = user.filter(|_| right).ok_or_else(wrong)?;
        self.unlock_with(password).await?;
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        let now = self.clock.now();
        let session = Session {
            token_hash: Sha256::digest(token).into(),
            user_id: user.id,
            created_at: now.0,
            expires_at: now.plus_seconds(SESSION_S).0,
        };
        self.store.commit(vec![Change::PutSession(session)]).await?;
        Ok(Bytes(token).to_string())
    }

    /// The user of a session that is not over.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn session(&self, token: &str) -> Result<Option<String>, AppError> {
        let Ok(token) = token.parse::<Bytes<32>>() else { return Ok(None) };
        let session = self.store.session(Sha256::digest(token.0).into(), self.clock.now().0).await?;
        Ok(session.map(|session| session.user_id))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sign_out(&self, token: &str) -> Result<(), AppError> {
        let Ok(token) = token.parse::<Bytes<32>>() else { return Ok(()) };
        let token_hash = Sha256::digest(token.0).into();
        Ok(self.store.commit(vec![Change::DeleteSession { token_hash }]).await?)
    }

    pub(crate) async fn company(&self) -> Result<Company, AppError> {
        let none = || AppError::refused("not-set-up", "no company is set up here", "do the first run first");
        self.store.company().await?.ok_or_else(none)
    }

    /// Asks for the password again.
    pub(crate) async fn check_password(&self, password: &str) -> Result<(), AppError> {
        match self.open_seed(password).await {
            Ok(_) => Ok(()),
            Err(error) if error.class == crate::error::Class::Locked => {
                let todo = "type it again, upper and lower case count; nothing was done";
                Err(AppError::refused("wrong-password", "the password is another one", todo))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn open_seed(&self, password: &str) -> Result<Seed, AppError> {
        let sealed = self.company().await?.keys;
        let entropy = seal::open(password, &sealed).map_err(|error| match error {
            seal::SealError::Wrong => AppError::locked("the password does not open the company's keys"),
            other => AppError::fault(other.to_string()),
        })?;
        Seed::from_entropy(&entropy).ok_or_else(|| AppError::fault("the sealed seed has a wrong length"))
    }
}

fn check(new: &NewCompany) -> Result<(), AppError> {
    let missing = |field: &str, todo: &str| AppError::refused("field", format!("{field} is missing"), todo);
    if new.name.trim().is_empty() {
        return Err(missing("the legal name", "give the name as in the commercial register"));
    }
    if new.short_name.trim().is_empty() || new.short_name.chars().count() > 24 {
        return Err(missing("a short name", "give 1 to 24 characters, as pages should say it"));
    }
    if new.user.trim().is_empty() {
        return Err(missing("your name", "give the name that you sign in with"));
    }
    if new.password.chars().count() < PASSWORD_LEN_MIN {
        let todo = format!("give at least {PASSWORD_LEN_MIN} characters; it guards the node's money");
        return Err(AppError::refused("password-short", "the password is too short", todo));
    }
    Ok(())
}

fn hash_password(password: &str) -> Result<String, AppError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| AppError::fault("the password could not be hashed"))
}
