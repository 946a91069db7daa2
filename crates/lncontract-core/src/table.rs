//! A map whose copies share what is equal, so that a copy costs nothing and a change costs the way to it.
//!
//! A treap: ordered by key from left to right, by the hash of the key from top to bottom. So a set of keys has one
//! shape, whatever came first, and a digest of the whole follows from the digests of two branches and a leaf; each is
//! kept until something below it changes.
//! Invariant: of a table, digests are always asked for with the same two functions. The order of iteration is that of
//! the keys.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::BTreeMap,
    fmt,
    ops::Index,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Bytes, Hash, v1::Side};

/// What can be a key: its rank is drawn from it, so that nobody chooses the shape of a table.
pub trait Key: Ord + Clone {
    /// Returns how high it stands.
    fn rank(&self) -> Hash;
}

impl Key for Hash {
    fn rank(&self) -> Hash {
        Bytes(Sha256::digest(self.0).into())
    }
}

impl Key for String {
    fn rank(&self) -> Hash {
        Bytes(Sha256::digest(self).into())
    }
}

impl Key for (Side, u64) {
    fn rank(&self) -> Hash {
        format!("{}/{}", self.0, self.1).rank()
    }
}

/// The map.
#[derive(Clone)]
pub struct Table<K, V> {
    top: Link<K, V>,
    len: usize,
}

type Link<K, V> = Option<Arc<Node<K, V>>>;

#[derive(Clone)]
struct Node<K, V> {
    rank: Hash,
    leaf: Arc<Leaf<K, V>>,
    left: Link<K, V>,
    right: Link<K, V>,
    digest: OnceLock<Hash>,
}

#[derive(Clone)]
struct Leaf<K, V> {
    key: K,
    value: V,
    digest: OnceLock<Hash>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { top: None, len: 0 }
    }
}

impl<K, V> Table<K, V> {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns all, by key.
    pub fn iter(&self) -> Iter<'_, K, V> {
        let mut iter = Iter { above: Vec::new() };
        iter.descend(&self.top);
        iter
    }

    /// Returns the keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// Returns the values, by key.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Returns a key's value.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let mut at = self.top.as_deref();
        while let Some(node) = at {
            at = match key.cmp(node.leaf.key.borrow()) {
                Ordering::Equal => return Some(&node.leaf.value),
                Ordering::Less => node.left.as_deref(),
                Ordering::Greater => node.right.as_deref(),
            };
        }
        None
    }

    /// Tells whether a key is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// Returns one digest of all: `join` puts the digest of the left branch, of the leaf and of the right branch
    /// together, zero standing for a branch that is not there.
    pub fn digest(&self, leaf: &impl Fn(&K, &V) -> Hash, join: &impl Fn([Hash; 3]) -> Hash) -> Hash {
        digest(&self.top, leaf, join)
    }
}

fn digest<K, V>(
    link: &Link<K, V>,
    leaf: &impl Fn(&K, &V) -> Hash,
    join: &impl Fn([Hash; 3]) -> Hash,
) -> Hash {
    let Some(node) = link else { return Hash::ZERO };
    *node.digest.get_or_init(|| {
        let own = *node.leaf.digest.get_or_init(|| leaf(&node.leaf.key, &node.leaf.value));
        join([digest(&node.left, leaf, join), own, digest(&node.right, leaf, join)])
    })
}

impl<K: Key, V: Clone> Table<K, V> {
    /// Sets a key's value.
    pub fn insert(&mut self, key: K, value: V) {
        match self.get_mut(&key) {
            Some(held) => *held = value,
            None => {
                let rank = key.rank();
                let leaf = Arc::new(Leaf { key, value, digest: OnceLock::new() });
                place(&mut self.top, Node { rank, leaf, left: None, right: None, digest: OnceLock::new() });
                self.len += 1;
            }
        }
    }

    /// Returns a key's value, to change it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        // Nothing is copied on the way to what is not there.
        self.contains_key(key).then(|| find(&mut self.top, key)).flatten()
    }

    /// Returns a key's value, to change it; the default is put there if there was none.
    pub fn or_default(&mut self, key: &K) -> &mut V
    where
        V: Default,
    {
        if !self.contains_key(key) {
            self.insert(key.clone(), V::default());
        }
        find(&mut self.top, key).expect("it was there, or was put there just now")
    }

    /// Takes a key out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if self.contains_key(key) {
            take(&mut self.top, key);
            self.len -= 1;
        }
    }
}

/// A node to change: its own copy, if others share it.
fn own<K: Clone, V: Clone>(node: &mut Arc<Node<K, V>>) -> &mut Node<K, V> {
    let node = Arc::make_mut(node);
    node.digest = OnceLock::new();
    node
}

fn find<'a, K, V: Clone, Q: Ord + ?Sized>(link: &'a mut Link<K, V>, key: &Q) -> Option<&'a mut V>
where
    K: Key + Borrow<Q>,
{
    let node = own(link.as_mut()?);
    match key.cmp(node.leaf.key.borrow()) {
        Ordering::Less => find(&mut node.left, key),
        Ordering::Greater => find(&mut node.right, key),
        Ordering::Equal => {
            let leaf = Arc::make_mut(&mut node.leaf);
            leaf.digest = OnceLock::new();
            Some(&mut leaf.value)
        }
    }
}

/// Puts a node where its rank belongs; its key is not there.
fn place<K: Key, V: Clone>(link: &mut Link<K, V>, mut new: Node<K, V>) {
    match link {
        Some(held) if held.rank > new.rank => {
            let held = own(held);
            let branch = if new.leaf.key < held.leaf.key { &mut held.left } else { &mut held.right };
            place(branch, new);
        }
        _ => {
            (new.left, new.right) = split(link.take(), &new.leaf.key);
            *link = Some(Arc::new(new));
        }
    }
}

/// Parts what is before a key from what is behind it.
fn split<K: Key, V: Clone>(link: Link<K, V>, key: &K) -> (Link<K, V>, Link<K, V>) {
    let Some(mut node) = link else { return (None, None) };
    let held = own(&mut node);
    if held.leaf.key < *key {
        let (before, behind) = split(held.right.take(), key);
        held.right = before;
        (Some(node), behind)
    } else {
        let (before, behind) = split(held.left.take(), key);
        held.left = behind;
        (before, Some(node))
    }
}

fn take<K, V: Clone, Q: Ord + ?Sized>(link: &mut Link<K, V>, key: &Q)
where
    K: Key + Borrow<Q>,
{
    let Some(node) = link.as_mut().map(own) else { return };
    match key.cmp(node.leaf.key.borrow()) {
        Ordering::Less => take(&mut node.left, key),
        Ordering::Greater => take(&mut node.right, key),
        Ordering::Equal => *link = unite(node.left.take(), node.right.take()),
    }
}

/// Puts together what `split` parted.
fn unite<K: Key, V: Clone>(before: Link<K, V>, behind: Link<K, V>) -> Link<K, V> {
    match (before, behind) {
        (None, only) | (only, None) => only,
        (Some(mut before), Some(behind)) if before.rank > behind.rank => {
            let held = own(&mut before);
            held.right = unite(held.right.take(), Some(behind));
            Some(before)
        }
        (before, Some(mut behind)) => {
            let held = own(&mut behind);
            held.left = unite(before, held.left.take());
            Some(behind)
        }
    }
}

/// All of a table, by key.
pub struct Iter<'a, K, V> {
    /// The nodes that come next, each behind its left branch; the last first.
    above: Vec<&'a Node<K, V>>,
}

impl<'a, K, V> Iter<'a, K, V> {
    fn descend(&mut self, mut link: &'a Link<K, V>) {
        while let Some(node) = link {
            self.above.push(node);
            link = &node.left;
        }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.above.pop()?;
        self.descend(&node.right);
        Some((&node.leaf.key, &node.leaf.value))
    }
}

impl<'a, K, V> IntoIterator for &'a Table<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Key, V: Clone> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut table = Self::default();
        all.into_iter().for_each(|(key, value)| table.insert(key, value));
        table
    }
}

impl<K: Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for Table<K, V> {
    type Output = V;

    /// Returns a key's value.
    ///
    /// # Panics
    /// When it is not there.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the key is in the table")
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Arc<Node<K, V>>, b: &Arc<Node<K, V>>| Arc::ptr_eq(a, b);
        let shared = self.top.as_ref().zip(other.top.as_ref()).is_some_and(|(a, b)| same(a, b));
        shared || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for Table<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<K: Serialize, V: Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, K: Key + Deserialize<'de>, V: Clone + Deserialize<'de>> Deserialize<'de> for Table<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests;
