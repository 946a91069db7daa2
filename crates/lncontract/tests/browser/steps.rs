//! Steps that several walks take: the first run, signing in.

use anyhow::Result;

use crate::person::Person;

impl Person {
    /// The first page of the first run.
    pub async fn names_company(&self, name: &str, short: &str, user: &str, password: &str) -> Result<()> {
        self.arrives_at("Set up your company").await?;
        self.types("Legal name of the company", name).await?;
        self.types("Short name", short).await?;
        self.types("Your name", user).await?;
        self.types("Password", password).await?;
        self.types("Password again", password).await?;
        self.presses("Continue").await
    }

    /// Writes the recovery words down. Returns them.
    pub async fn writes_words_down(&self) -> Result<Vec<String>> {
        self.arrives_at("Write down these 24 words").await?;
        self.reads_words(24).await
    }

    /// Goes on to the check of the words.
    pub async fn goes_to_check(&self) -> Result<()> {
        self.ticks("I have written all 24 words").await?;
        self.presses("Continue").await?;
        self.arrives_at("Check what you wrote").await
    }

    /// Shows that the words are on paper.
    pub async fn shows_words(&self, paper: &[String], password: &str) -> Result<()> {
        for number in [3, 12, 22] {
            self.types(&format!("Word {number}"), &paper[number - 1]).await?;
        }
        self.types("Password", password).await?;
        self.presses("The words are safe").await?;
        self.arrives_at("Overview").await
    }

    /// Goes to the overview, by way of the sign-in where the session has ended meanwhile.
    pub async fn goes_home(&self, user: &str, password: &str) -> Result<()> {
        self.follows("Overview").await?;
        if self.arrives_at_one_of(["Overview", "Sign in"]).await? == "Sign in" {
            self.signs_in(user, password).await?;
        }
        Ok(())
    }

    /// Signs in where the page asks for it, and comes to the overview.
    pub async fn signs_in(&self, user: &str, password: &str) -> Result<()> {
        self.enters(user, password).await?;
        self.arrives_at("Overview").await
    }

    /// Signs in where the page asks for it, and comes to where it was going.
    pub async fn enters(&self, user: &str, password: &str) -> Result<()> {
        self.arrives_at("Sign in").await?;
        self.types("Your name", user).await?;
        self.types("Password", password).await?;
        self.presses("Sign in").await?;
        self.sees_gone("It also opens the company’s keys").await
    }
}
