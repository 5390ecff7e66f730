// What goes wrong with files, by the names that WhatsApp Web has for it.

const named = (name) => ({
  [name]: class extends Error {
    constructor(message) {
      super(message ?? name);
      this.name = name;
    }
  },
}[name]);

// before a file leaves
export const MediaFileEmpty = named('MediaFileEmpty');
export const MediaFileTooLarge = named('MediaFileTooLarge');
export const MediaFileFailedLoad = named('MediaFileFailedLoad');
export const InvalidMediaFileType = named('InvalidMediaFileType');
export const InvalidMediaCheckRepairFailedType = named('InvalidMediaCheckRepairFailedType');
// while it is fetched
export const MediaNotFoundError = named('MediaNotFoundError');
export const MediaNotOnPhone = named('MediaNotOnPhone');
export const MediaDecryptionError = named('MediaDecryptionError');
export const MediaHashMismatch = named('MediaHashMismatch');
export const HttpStatusCodeError = named('HttpStatusCodeError');
// while it is uploaded
export const MediaTooLargeError = named('MediaTooLargeError');
export const MMSForbiddenError = named('MMSForbiddenError');
export const MMSThrottleError = named('MMSThrottleError');
