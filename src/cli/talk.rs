use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Error;
use crate::corpus::Skipped;

/// How many skipped inputs are named before the rest is only counted.
const NAMED: usize = 5;

/// Everything the program says to people, on standard error.
pub struct Talk {
    quiet: bool,
    verbose: bool,
}

impl Talk {
    /// Quiet says nothing but errors, verbose says more.
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose }
    }

    /// A line of what was done or found.
    pub fn say(&self, line: impl AsRef<str>) {
        if !self.quiet {
            Self::line(line.as_ref());
        }
    }

    /// A line that only `--verbose` shows.
    pub fn detail(&self, line: impl AsRef<str>) {
        if self.verbose {
            Self::line(line.as_ref());
        }
    }

    /// The last line of a command: what to do next.
    pub fn next(&self, command: impl AsRef<str>) {
        self.say(format!("next: {}", command.as_ref()));
    }

    /// Something that went not quite right.
    pub fn warn(&self, line: impl AsRef<str>) {
        self.say(format!("warning: {}", line.as_ref()));
    }

    /// Why the program stops.
    pub fn error(&self, error: &Error) {
        Self::line(&format!("error: {error}"));
    }

    /// What was passed over: the first few by name, the rest by number.
    pub fn skipped(&self, skipped: &[Skipped]) {
        let named = if self.verbose { skipped.len() } else { NAMED };
        for skip in skipped.iter().take(named) {
            // A reason that came from an error begins with its place already.
            let place = skip.position.to_string();
            let reason = skip.reason.strip_prefix(&format!("{place}: ")).unwrap_or(&skip.reason);
            self.warn(format!("skipped {place}: {reason}"));
        }
        if skipped.len() > named {
            self.warn(format!("{} more skipped; --verbose names them all", skipped.len() - named));
        }
    }

    /// A progress bar; invisible unless standard error is a terminal.
    pub fn progress(&self, total: Option<u64>, what: &'static str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = match total {
            Some(_) => "{msg} {wide_bar} {pos}/{len} {per_sec} ETA {eta}",
            None => "{msg} {spinner} {pos} {per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn line(line: &str) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", harmless(line));
    }
}

/// The text with characters that could steer a terminal shown as `\u{…}`: quotes and file names are not ours.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = c.is_control() && c != '\n' && c != '\t';
        let bidi = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers || bidi { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    safe
}
