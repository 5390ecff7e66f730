// The module loader: the global names by which clients find WhatsApp Web's modules.

const modulesMap = {};

/** Registers a module; its exports object stays the same one, because clients hook it by assignment. */
export function define(id, exports) {
  modulesMap[id] = { factory: () => exports, exports };
}

/** The exports of a module. Hooked functions must be called through it, at the time of the call. */
export function moduleOf(id) {
  return modulesMap[id].exports;
}

function importNamespace(id) {
  if (!(id in modulesMap)) throw new Error(`Requiring unknown module "${id}"`);
  return modulesMap[id].exports;
}

/** Modules that export nothing but a default are that default to `require`. */
function requireModule(id) {
  if (id === '__debug') return { modulesMap };
  const exports = importNamespace(id);
  const names = Object.keys(exports);
  return names.length === 1 && names[0] === 'default' ? exports.default : exports;
}

function registerFactory(id, _dependencies, factory) {
  const module = { exports: {} };
  factory(window, requireModule, requireModule, importNamespace, null, module, module.exports);
  define(id, module.exports);
}

export function installLoader() {
  window.ErrorGuard = { skipGuardGlobal() {} };
  window.importNamespace = importNamespace;
  window.__d = registerFactory;
  window.require = requireModule;
}
