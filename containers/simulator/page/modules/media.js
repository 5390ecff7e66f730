// Modules of files: opaque bytes, making them ready, the server that keeps them, the caches.

import { define } from '../loader.js';
import { InMemoryMediaBlobCache, InMemoryMediaBlobCacheImpl, LruMediaStore } from '../media/cache.js';
import { hashOf } from '../media/crypto.js';
import { MediaDataModel, MediaObject, OpaqueData, getOrCreateMediaObject } from '../media/data.js';
import { downloadManager, downloadMedia } from '../media/download.js';
import { getImageWidthHeight, isAnimatedWebp, processRawImage, processRawSticker } from '../media/pictures.js';
import { MediaPrep, getUploadLimit, prepRawMedia, resumeUpload } from '../media/prep.js';
import { generateVideoThumbsAndDuration, processRawAudioVideo } from '../media/recordings.js';
import { UploadMediaResultKind, cancelUploadMedia, encryptAndUpload, uploadMedia } from '../media/upload.js';

const calculateFilehashFromBlob = async (blob) => hashOf(await blob.arrayBuffer());

export function defineMedia() {
  define('WAWebMediaOpaqueData', { default: OpaqueData });
  define('WAWebMediaData', { default: MediaDataModel });
  define('WAWebMediaObject', { MediaObject, webMediaTypeToWamMediaType: (type) => type });
  define('WAWebMediaStorage', { getOrCreateMediaObject });
  define('WAWebPrepRawMedia', {
    MediaPrep, prepRawMedia,
    uploadProductImage: async () => {
      throw new Error('a catalogue is not modelled');
    },
  });
  define('WAWebMediaPrep', { MediaPrep, resumeUpload });
  define('WAWebMediaDataUtils', {
    getImageWidthHeight, processRawImage, processRawSticker, processRawAudioVideo, shouldUseMediaCache: () => true,
  });
  define('WAWebWebpParseWebp', { isAnimatedWebp });
  define('WAWebImageUtils', { generateVideoThumbsAndDuration });
  define('WAWebCryptoCalculateFilehash', { calculateFilehashFromBlob });
  define('WAWebMediaGatingUtils', { getUploadLimit });
  define('WAWebMediaMmsV4Upload', { uploadMedia, cancelUploadMedia, UploadMediaResultKind });
  define('WAWebUploadManager', { default: { encryptAndUpload } });
  define('WAWebMediaMmsV4Download', { downloadMedia });
  define('WAWebDownloadManager', { downloadManager });
  define('WAWebMmsMediaTypes', {
    msgToMediaType: ({ type, isGif }) => (isGif ? 'gif' : type), castToV4: (type) => String(type).toLowerCase(),
  });
  define('WAWebMediaStore', { LruMediaStore });
  define('WAWebMediaInMemoryBlobCache', { InMemoryMediaBlobCacheImpl, InMemoryMediaBlobCache });
}
