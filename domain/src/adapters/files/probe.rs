//! Whether a folder can be written, found out by writing: rights, read-only mounts and full disks have one answer.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use tokio::task::spawn_blocking;

/// Writes a file here, moves it and takes it away: all that is ever done in a folder.
pub fn try_folder(folder: &Path) -> io::Result<()> {
    // In containers that share a folder every process has the number 1.
    let name = format!(".writable-{:016x}", rand::random::<u64>());
    let (written, moved) = (folder.join(&name), folder.join(format!("{name}-moved")));
    let tried = write(&written).and_then(|()| fs::rename(&written, &moved));
    let removed = fs::remove_file(if tried.is_ok() { &moved } else { &written });
    tried.and(removed)
}

/// What reaches the disk counts: a full one takes a name, but no content.
fn write(file: &Path) -> io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(&[b'x'; 4096])?;
    file.sync_all()
}

/// The system's folder for temporary files, if it can be written.
pub(super) async fn temporary() -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir();
    let tried = folder.clone();
    let writable = spawn_blocking(move || try_folder(&tried)).await?;
    writable.with_context(|| {
        format!(
            "cannot write to the folder for temporary files {}: set TMPDIR",
            folder.display()
        )
    })?;
    Ok(folder)
}
