// What this device keeps, in IndexedDB: its registration and keys, its place in the stream, its messages.

const NAME = 'model-storage';
const VERSION = 2;
const STORES = { meta: 'key', messages: 'key', chats: 'id', people: 'lid', groups: 'id' };
let database;

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function openDatabase() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => upgrade(request.result, request.transaction);
  database = await settled(request);
}

function upgrade(opened, transaction) {
  for (const [name, keyPath] of Object.entries(STORES)) {
    if (!opened.objectStoreNames.contains(name)) opened.createObjectStore(name, { keyPath });
  }
  transaction.objectStore('messages').createIndex('by_chat', ['chat', 'sequence']);
  // The first version kept people by number; since then some have none that we know.
  if (!opened.objectStoreNames.contains('contacts')) return;
  transaction.objectStore('contacts').getAll().onsuccess = ({ target }) => {
    for (const person of target.result) transaction.objectStore('people').put(person);
    opened.deleteObjectStore('contacts');
  };
}

export async function readAll(store) {
  return settled(database.transaction(store).objectStore(store).getAll());
}

export async function readOne(store, key) {
  return settled(database.transaction(store).objectStore(store).get(key));
}

/** Up to `count` messages of a chat, before or after a place in this browser's order; oldest first. */
export async function readMessages(chat, { before = Infinity, after = -Infinity, count = Infinity, newest = true }) {
  const range = IDBKeyRange.bound([chat, after], [chat, before], after !== -Infinity, before !== Infinity);
  const index = database.transaction('messages').objectStore('messages').index('by_chat');
  const cursors = index.openCursor(range, newest ? 'prev' : 'next');
  const found = await new Promise((resolve, reject) => {
    const records = [];
    cursors.onerror = () => reject(cursors.error);
    cursors.onsuccess = () => {
      const cursor = cursors.result;
      if (!cursor || records.length >= count) return resolve(records);
      records.push(cursor.value);
      return cursor.continue();
    };
  });
  return newest ? found.reverse() : found;
}

/**
 * Writes records in one transaction and resolves when it is complete, never before.
 * `changes` maps a store to the records to put, `stale` to the keys to delete; all or nothing.
 */
export function write(changes, stale = {}) {
  const names = Object.keys(STORES).filter((name) => changes[name]?.length || stale[name]?.length);
  if (!names.length) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(names, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    for (const name of names) {
      for (const key of stale[name] ?? []) transaction.objectStore(name).delete(key);
      for (const record of changes[name] ?? []) transaction.objectStore(name).put(record);
    }
  });
}

/** Forgets everything: what a logged-out device does. */
export function wipe() {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(Object.keys(STORES), 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    for (const name of Object.keys(STORES)) transaction.objectStore(name).clear();
  });
}
