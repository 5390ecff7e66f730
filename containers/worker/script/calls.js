// What the worker can ask of the page: one function each, plain values in and out.

const calls = {
  login: () => describeLogin(),
  authCode: async () => (await WPP.conn.getAuthCode())?.fullCode ?? null,
  refreshCode: async () => (await WPP.conn.refreshQR())?.fullCode ?? null,
  pairingCode: ({ phone }) => WPP.conn.genLinkDeviceCodeForPhoneNumber(phone),
  logout: () => WPP.conn.logout(),
  takeOver: () => WPP.whatsapp.Socket.takeover(),
  ...sendingCalls,
  async findMessage({ hex, chats }) {
    requireWorking();
    const message = await findOwn(hex, chats);
    return message && describeSent(message);
  },
  ...historyCalls,
  ...changeCalls,
  ...peopleCalls,
  ...groupCalls,
  ...fileCalls,
};

async function call(name, details) {
  try {
    return { value: (await calls[name](details)) ?? null };
  } catch (error) {
    return { error: codeOf(error), words: wordsOf(error) };
  }
}
