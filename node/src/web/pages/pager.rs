//! Links to the other pages of a long list. The position is in the address.

/// Page numbers shown on either side of the current one.
const AROUND: usize = 3;

/// Where one page is within a list.
pub struct Pager {
    /// Up to and with `offset=`.
    base: String,
    offset: usize,
    per_page: usize,
    total: usize,
}

/// A page number with its link.
pub struct Numbered {
    /// From 1.
    pub number: usize,
    /// Its address.
    pub url: String,
    /// Whether it is the page that is open.
    pub is_current: bool,
}

impl Pager {
    /// `base` ends in `?` or `&`: the offset is put behind it.
    pub fn new(base: &str, offset: usize, per_page: usize, total: usize) -> Self {
        Self { base: format!("{base}offset="), offset, per_page, total }
    }

    /// Whether there is more than this page.
    pub fn is_needed(&self) -> bool {
        self.offset > 0 || self.total > self.per_page
    }

    /// The page before.
    pub fn previous(&self) -> Option<String> {
        (self.offset > 0).then(|| self.url(self.offset.saturating_sub(self.per_page)))
    }

    /// The page after.
    pub fn next(&self) -> Option<String> {
        let next = self.offset.saturating_add(self.per_page);
        (next < self.total).then(|| self.url(next))
    }

    /// The pages around this one.
    pub fn around(&self) -> Vec<Numbered> {
        let current = self.offset / self.per_page;
        let last = self.total.saturating_sub(1) / self.per_page;
        let numbered = |page| Numbered {
            number: page + 1,
            url: self.url(page * self.per_page),
            is_current: page * self.per_page == self.offset,
        };
        (current.saturating_sub(AROUND)..=last.min(current.saturating_add(AROUND))).map(numbered).collect()
    }

    fn url(&self, offset: usize) -> String {
        format!("{}{offset}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(pager: &Pager) -> String {
        let number = |page: Numbered| format!("{}{}", page.number, if page.is_current { "*" } else { "" });
        pager.around().into_iter().map(number).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_first_a_middle_and_the_last_page() {
        let first = Pager::new("/search?q=x&", 0, 50, 500);
        assert_eq!((first.previous(), first.next()), (None, Some("/search?q=x&offset=50".into())));
        assert_eq!(numbers(&first), "1* 2 3 4");
        let middle = Pager::new("?", 250, 50, 500);
        assert_eq!(numbers(&middle), "3 4 5 6* 7 8 9");
        let last = Pager::new("?", 450, 50, 500);
        assert_eq!((last.previous(), last.next()), (Some("?offset=400".into()), None));
        assert_eq!(numbers(&last), "7 8 9 10*");
    }

    #[test]
    fn one_page_needs_no_links_and_odd_offsets_do_no_harm() {
        assert!(!Pager::new("?", 0, 50, 50).is_needed());
        assert!(!Pager::new("?", 0, 50, 0).is_needed());
        let odd = Pager::new("?", usize::MAX, 50, 60);
        assert_eq!((numbers(&odd).as_str(), odd.next()), ("", None));
        assert!(odd.previous().is_some());
    }
}
