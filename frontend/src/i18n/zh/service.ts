import former from "../../../../src/timevis/messages/former.json";
import present from "../../../../src/timevis/messages/zh.json";

const words: Record<string, string> = present;

/**
 * Words for the messages of the service, by their codes and by the codes that they had in earlier versions. Apart from the words
 * of the page, because they are as long as these.
 */
export default Object.entries(former).reduce((all, [code, now]) => ({ ...all, [code]: words[now] ?? "" }), words);
