// Modules that clients hook or look for, and that do little or nothing here.

import { define } from '../loader.js';

const later = async () => undefined;

export function defineHooks() {
  defineProtobufHooks();
  defineChatHooks();
}

function defineProtobufHooks() {
  define('WAWebMediaTypeFromProtobuf', { mediaTypeFromProtobuf: () => null });
  define('WAWebTypeAttributeFromProtobuf', { typeAttributeFromProtobuf: () => 'text' });
  define('WAWebE2EProtoGenerator', { createMsgProtobuf: () => ({}) });
  define('WAWebEncryptAndSendMsg', { encryptAndSendMsg: later });
  define('WAWebEncodeMaybeMediaType', { encodeMaybeMediaType: () => null });
  define('WAWebSendMsgCreateFanoutStanza', { createFanoutMsgStanza: later });
}

function defineChatHooks() {
  define('WAWebDBReactions', { addOrUpdateReactionsModelCollection: later });
  define('WAWebDBGroupAction', { updateDBForGroupAction: later });
  define('WAWebDBCreateChat', { createChatRecord: later });
  define('WAWebMsgUnreadType', { getIsUnreadType: () => true });
  define('WAWebHandleSingleMsg', { handleSingleMsg: later });
  define('WAWebLabelCollectionAction', {
    addToLabelCollection: later,
    removeLabelFromCollection: later,
    createLabelItemId: (...parts) => parts.join('_'),
    getParentCollection: () => undefined,
    initializeLabels: later,
  });
  define('WAWebPinnedChats', { getNumChatsPinned: () => 0 });
  define('WAWebChatListFilters', { isFilterExcludedFromSearchTreatmentInInboxFlow: () => false });
  define('WAWebChatSearchQuery', { SearchQuery });
  define('WAWebABProps', { getABPropConfigValue: () => false });
  define('WAWebPrimaryFeatures', { primaryFeatureEnabled: () => true });
  define('WALinkify', { findFirstWebLink, findLink: findFirstWebLink, findLinks });
  define('WAWebLinkPreviewChatAction', { getLinkPreview: async () => null });
  define('WAWebGenMinimalLinkPreview', { genMinimalLinkPreview: async () => null });
}

class SearchQuery {
  updateLabelQuery(filter) {
    this.filter = filter;
  }
}

function findFirstWebLink(text) {
  return /https?:\/\/\S+/.exec(text)?.[0] ?? null;
}

const findLinks = (text) => [...String(text ?? '').matchAll(/https?:\/\/\S+/g)].map(([href]) => ({ href }));
