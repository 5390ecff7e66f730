// Events in the manner of Backbone: space-separated names, a context, `once`, `off`, `trigger`.

export class Emitter {
  #handlers = new Map();

  on(names, handler, context) {
    for (const name of names.split(/\s+/)) {
      const list = this.#handlers.get(name) ?? [];
      this.#handlers.set(name, [...list, { handler, context }]);
    }
    return this;
  }

  once(names, handler, context) {
    const first = (...args) => {
      this.off(names, first);
      handler.apply(context ?? this, args);
    };
    first.wraps = handler;
    return this.on(names, first, context);
  }

  off(names, handler) {
    if (names === undefined) {
      this.#handlers.clear();
      return this;
    }
    for (const name of names.split(/\s+/)) {
      const list = this.#handlers.get(name) ?? [];
      const kept = handler ? list.filter((h) => h.handler !== handler && h.handler.wraps !== handler) : [];
      this.#handlers.set(name, kept);
    }
    return this;
  }

  trigger(name, ...args) {
    for (const { handler, context } of this.#handlers.get(name) ?? []) {
      handler.apply(context ?? this, args);
    }
    for (const { handler, context } of this.#handlers.get('all') ?? []) {
      handler.call(context ?? this, name, ...args);
    }
    return this;
  }
}
