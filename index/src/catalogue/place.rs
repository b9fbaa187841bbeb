//! How new files are made, take the place of those that were there, and are removed.

use super::FILE;
use super::error::ImportError;
use super::tracks::{NEW_TRACKS_FILE, TRACKS_FILE};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where the new catalogue is made.
pub(super) const NEW_FILE: &str = "catalogue.db.new";

/// What an error with this file is.
pub(super) fn in_file(path: &Path) -> impl Fn(io::Error) -> ImportError + use<> {
    let path = path.to_owned();
    move |source| ImportError::File { path: path.clone(), source }
}

/// How files are made that nobody else reads.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// A temporary file that has no name any more: nothing is left of it, whatever happens.
pub(super) fn spool(dir: &Path) -> io::Result<File> {
    let path = dir.join("catalogue.spool");
    let file = private().read(true).create(true).truncate(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Removes what is made, with the journals that SQLite has beside it.
pub(super) fn remove_new(dir: &Path) -> Result<(), ImportError> {
    for file in fs::read_dir(dir).map_err(in_file(dir))? {
        let file = file.map_err(in_file(dir))?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if [NEW_FILE, NEW_TRACKS_FILE].iter().any(|new| name.starts_with(new)) {
            fs::remove_file(file.path()).map_err(in_file(&file.path()))?;
        }
    }
    Ok(())
}

/// What belongs to a catalogue that is complete.
pub(super) struct Made {
    /// Whether the new tracks go with it.
    pub new_tracks: bool,
    /// Whether any tracks do.
    pub tracks: bool,
}

/// The first rename decides. What is after it can be done later (see [`tracks::settle`]), so no failure there
/// is one of the import: whoever took it for one would remove the tracks of a catalogue that is in place.
pub(super) fn put_in_place(dir: &Path, made: Made) -> Result<(), ImportError> {
    let (new, new_tracks) = (dir.join(NEW_FILE), dir.join(NEW_TRACKS_FILE));
    let tracks = dir.join(TRACKS_FILE);
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all()).map_err(in_file(path));
    if made.new_tracks {
        sync(&new_tracks)?;
    } else {
        fs::remove_file(&new_tracks).map_err(in_file(&new_tracks))?;
    }
    sync(&new)?;
    fs::rename(&new, dir.join(FILE)).map_err(in_file(&new))?;
    let finish = || -> Result<(), ImportError> {
        sync(dir)?;
        if made.new_tracks {
            fs::rename(&new_tracks, &tracks).map_err(in_file(&new_tracks))?;
        } else if !made.tracks && tracks.exists() {
            fs::remove_file(&tracks).map_err(in_file(&tracks))?;
        }
        sync(dir)
    };
    let _ = finish();
    Ok(())
}
