import service from "../../../../src/timevis/messages/zh.json";

/** Words for the messages of the service, by their codes. Apart from the words of the page, because they are as long as these. */
export default service;
