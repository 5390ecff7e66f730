// Models and collections: attributes that announce their changes, and indexed sets of models.

import { Emitter } from './emitter.js';

const keyOf = (id) => {
  if (id !== null && typeof id === 'object' && id._serialized === undefined && id.id !== undefined) {
    return String(id.id);
  }
  return String(id);
};

export class Model extends Emitter {
  constructor(attributes = {}) {
    super();
    // Own and hidden: clients put accessors on the prototypes and must find nothing in their way.
    Object.defineProperty(this, 'attributes', { value: {}, enumerable: false });
    Object.defineProperty(this, 'holders', { value: new Set(), enumerable: false });
    for (const [name, value] of Object.entries(attributes)) this.#assign(name, value);
  }

  get(name) {
    return this.attributes[name];
  }

  set(changes, value) {
    const pairs = typeof changes === 'string' ? { [changes]: value } : changes;
    for (const [name, one] of Object.entries(pairs)) {
      if (isDeclared(this, name)) this[name] = one;
      else this.#assign(name, one);
    }
    return this;
  }

  unset(name) {
    return this.set(name, undefined);
  }

  /** A copy whose ids are still objects. */
  serialize() {
    const plain = (v) => (v instanceof Model ? v.serialize() : v);
    return Object.fromEntries(Object.entries(this.attributes).map(([name, v]) => [name, plain(v)]));
  }

  toJSON() {
    const plain = (v) => (v instanceof Model ? v.toJSON() : v && v._serialized !== undefined ? v._serialized : v);
    return Object.fromEntries(Object.entries(this.attributes).map(([name, v]) => [name, plain(v)]));
  }

  announce(name, value, previous) {
    for (const one of [this, ...this.holders]) {
      one.trigger(`change:${name}`, this, value, previous);
      one.trigger('change', this);
    }
  }

  #assign(name, value) {
    this.attributes[name] = value;
    if (isDeclared(this, name)) return;
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

function isDeclared(model, name) {
  return model.constructor.declared?.has(name) ?? false;
}

/** Declares attributes: assigning one announces the change on the model and on all that hold it. */
export function declare(modelClass, proxyName, names) {
  modelClass.declared = new Set(names);
  modelClass.prototype.proxyName = proxyName;
  for (const name of names) {
    Object.defineProperty(modelClass.prototype, name, {
      configurable: true,
      get() {
        return this.attributes?.[name];
      },
      set(value) {
        const previous = this.attributes[name];
        if (previous === value) return;
        this.attributes[name] = value;
        this.announce(name, value, previous);
      },
    });
  }
}

export class Collection extends Emitter {
  constructor(modelClass = Model) {
    super();
    this.modelClass = modelClass;
    Object.defineProperty(this, 'index', { value: new Map(), enumerable: false });
  }

  get length() {
    return this.index.size;
  }

  get(id) {
    return id === null || id === undefined ? undefined : this.index.get(keyOf(id));
  }

  add(items) {
    const added = (Array.isArray(items) ? items : [items]).map((item) => this.#addOne(item));
    return Array.isArray(items) ? added : added[0];
  }

  #addOne(item) {
    const known = this.get(item);
    if (known) return known;
    const model = item instanceof Model ? item : new this.modelClass(item);
    this.index.set(keyOf(model), model);
    model.holders.add(this);
    this.trigger('add', model, this);
    return model;
  }

  remove(id) {
    const model = this.get(id);
    if (!model) return undefined;
    this.index.delete(keyOf(model));
    model.holders.delete(this);
    this.trigger('remove', model, this);
    return model;
  }

  gadd(id) {
    return this.get(id) ?? this.add({ id });
  }

  async find(id) {
    return this.gadd(id);
  }

  findFirst(test) {
    return this.getModelsArray().find(test);
  }

  getModelsArray() {
    return [...this.index.values()];
  }

  toArray() {
    return this.getModelsArray();
  }

  map(fn) {
    return this.getModelsArray().map(fn);
  }

  filter(fn) {
    return this.getModelsArray().filter(fn);
  }

  forEach(fn) {
    this.getModelsArray().forEach(fn);
  }

  reset() {
    for (const model of this.getModelsArray()) this.remove(model);
  }
}
