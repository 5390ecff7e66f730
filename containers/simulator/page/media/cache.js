// Decrypted files that were fetched or sent lately. Bounded: a page is open for weeks.

const MOST_BYTES = 32 * 1024 * 1024;

class Lately {
  #kept = new Map();
  #bytes = 0;

  put(key, value) {
    this.del(key);
    this.#kept.set(key, value);
    this.#bytes += sizeOf(value);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MOST_BYTES || oldest === key) break;
      this.del(oldest);
    }
  }

  get(key) {
    const value = this.#kept.get(key);
    if (value === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, value);
    return value;
  }

  has(key) {
    return this.#kept.has(key);
  }

  del(key) {
    this.#bytes -= sizeOf(this.#kept.get(key));
    this.#kept.delete(key);
  }

  clear() {
    this.#kept.clear();
    this.#bytes = 0;
  }

  count() {
    return this.#kept.size;
  }
}

const sizeOf = (value) => value?.byteLength ?? value?.size ?? 0;
const lately = new Lately();

export const LruMediaStore = {
  get: async (key) => lately.get(key) ?? null,
  put: async (key, value) => lately.put(key, value),
  del: async (key) => lately.del(key),
  clear: async () => lately.clear(),
  count: async () => lately.count(),
  has: async (key) => lately.has(key),
};

export class InMemoryMediaBlobCacheImpl extends Lately {}
export const InMemoryMediaBlobCache = new InMemoryMediaBlobCacheImpl();
