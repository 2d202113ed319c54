//! A folder of this machine, or one that several machines have mounted. Each file is written beside its place,
//! synced and moved there.

use std::{
    io,
    ops::Range,
    path::{Path as FilePath, PathBuf},
    time::Duration,
};

use anyhow::Context;
use async_trait::async_trait;
use object_store::local::LocalFileSystem;
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{BlobStore, Listed, PATIENCE, Pieces, path, probe};

pub(super) struct Folder {
    root: PathBuf,
    /// Made when it is first used: commands that keep no files leave no folder behind.
    store: OnceCell<LocalFileSystem>,
}

impl Folder {
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            store: OnceCell::new(),
        }
    }

    async fn store(&self) -> anyhow::Result<&LocalFileSystem> {
        self.store
            .get_or_try_init(|| async {
                let root = self.root.clone();
                spawn_blocking(move || open(&root)).await?
            })
            .await
    }
}

fn open(root: &FilePath) -> anyhow::Result<LocalFileSystem> {
    use std::os::unix::fs::DirBuilderExt;
    // What is exported is for nobody else on the machine.
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
        .create(root)
        .with_context(|| format!("cannot make the folder {}", root.display()))?;
    let store = LocalFileSystem::new_with_prefix(root)?;
    Ok(store.with_fsync(true))
}

#[async_trait]
impl BlobStore for Folder {
    async fn prepare(&self) -> anyhow::Result<()> {
        self.store().await?;
        let root = self.root.clone();
        let tried = spawn_blocking(move || probe::try_folder(&root));
        tried
            .await?
            .with_context(|| format!("cannot write to the folder {}", self.root.display()))
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    async fn put(&self, key: &str, pieces: Pieces) -> anyhow::Result<()> {
        super::write(self.store().await?, &path(key)?, pieces).await
    }

    async fn read(&self, key: &str, range: Range<u64>) -> anyhow::Result<Option<Pieces>> {
        super::read(self.store().await?, &path(key)?, range).await
    }

    async fn delete(&self, key: &str) -> anyhow::Result<()> {
        let (store, at) = (self.store().await?, path(key)?);
        let file = store.path_to_filesystem(&at)?;
        let begun = file.clone();
        spawn_blocking(move || remove_begun(&begun)).await??;
        super::delete(store, &at).await?;
        // Those that the key names, not the one that holds all.
        let folders = at.parts().skip(1).count();
        Ok(spawn_blocking(move || remove_empty(&file, folders)).await??)
    }

    async fn listed(&self, prefix: &str) -> anyhow::Result<Vec<Listed>> {
        let (root, prefix) = (self.root.clone(), prefix.to_owned());
        let found = spawn_blocking(move || {
            let mut files = Vec::new();
            gather(&root.join(&prefix), &prefix, &mut files)?;
            // Of what is there whole and begun once more, the younger counts.
            files.sort_unstable_by(|a, b| (&a.key, b.changed_at).cmp(&(&b.key, a.changed_at)));
            files.dedup_by(|a, b| a.key == b.key);
            io::Result::Ok(files)
        });
        found.await?.context("cannot list the files")
    }

    /// Where the root of the file system is read-only, the folder that everybody shares is what can be written.
    async fn scratch(&self) -> anyhow::Result<PathBuf> {
        let Err(error) = probe::temporary().await else {
            return Ok(std::env::temp_dir());
        };
        match self.prepare().await {
            Ok(()) => Ok(self.root.clone()),
            Err(_) => Err(error),
        }
    }
}

/// The store writes `name#1` and moves it to `name` when it is whole.
fn whole_name(name: &str) -> &str {
    name.split_once('#').map_or(name, |(whole, _)| whole)
}

fn remove_begun(file: &FilePath) -> io::Result<()> {
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for (found, path) in entries(folder)? {
        if found != name && whole_name(&found) == name {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The folders of a file that is gone, whether it was whole or only begun.
fn remove_empty(file: &FilePath, folders: usize) -> io::Result<()> {
    for folder in file.ancestors().skip(1).take(folders) {
        match std::fs::remove_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Something else is in it.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn gather(folder: &FilePath, prefix: &str, files: &mut Vec<Listed>) -> io::Result<()> {
    for (name, path) in entries(folder)? {
        let key = format!("{prefix}/{}", whole_name(&name));
        let about = match path.metadata() {
            Ok(about) => about,
            // Somebody has moved it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            gather(&path, &key, files)?;
        } else {
            files.push(Listed {
                key,
                changed_at: about.modified()?.into(),
            });
        }
    }
    Ok(())
}

fn entries(folder: &FilePath) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}
