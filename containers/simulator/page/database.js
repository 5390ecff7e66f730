// What this device keeps, in IndexedDB: its registration and keys, its place in the stream, its messages.

const NAME = 'model-storage';
const STORES = { meta: 'key', messages: 'key', chats: 'id', contacts: 'number' };
let database;

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function openDatabase() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
  };
  database = await settled(request);
}

export async function readAll(store) {
  return settled(database.transaction(store).objectStore(store).getAll());
}

/**
 * Writes records in one transaction and resolves when it is complete, never before.
 * `changes` maps a store to the records to put, `stale` to the keys to delete; all or nothing.
 */
export function write(changes, stale = {}) {
  const names = Object.keys(changes).filter((name) => changes[name].length);
  if (!names.length) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(names, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    for (const name of names) {
      for (const key of stale[name] ?? []) transaction.objectStore(name).delete(key);
      for (const record of changes[name]) transaction.objectStore(name).put(record);
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
