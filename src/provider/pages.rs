//! Following a provider from page to page, to the end and no further.

use std::collections::HashSet;

use reqwest::Url;

use super::ProviderError;
use crate::call::Disposition;

/// Pages followed in one look: a thousand pages of a thousand recordings.
const PAGES_MAX: usize = 1000;

/// The pages of one listing that were seen.
#[derive(Debug, Default)]
pub struct Pages(HashSet<String>);

impl Pages {
    /// Notes that a page is about to be asked for.
    ///
    /// # Errors
    ///
    /// When the provider sends its reader in circles, or never comes to an end.
    pub fn visit(&mut self, page: &Url) -> Result<(), ProviderError> {
        let message = if !self.0.insert(page.as_str().to_owned()) {
            "The provider's listing leads back to a page that was read before; the pages up to it were taken in."
        } else if self.0.len() > PAGES_MAX {
            "The provider's listing has no end; the first thousand pages were taken in."
        } else {
            return Ok(());
        };
        Err(ProviderError { message: message.to_owned(), disposition: Disposition::Retry { after: None } })
    }
}
