/** Intended differences between the gateway and Glance. */

/** Checks of the contract that the gateway fails, and the reasons. */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  "a path without a known version returns 300 with the versions":
    "such paths belong to the application around the router: 404",
  "HEAD of image data is not allowed and has no body": "HEAD is answered",
  "a request id of more than 64 characters returns 431": "another id takes its place",
  "a path that is not UTF-8 returns 400": "it is not a path of the API: 404",
  "GET of data returns 200 with the bytes, their number and their MD5":
    "the response has Accept-Ranges, which Glance lacks",
  "GET of data with Range bytes=-0 returns 206": "RFC 9110, section 14.1.2: 416",
  'GET of data with Range "chunks=0-1" returns 416':
    "RFC 9110, section 14.2: not understood, ignored",
  'GET of data with Range "bytes 0-1" returns 416': "the same",
  'GET of data with Range "" returns 416': "the same",
  'GET of data with Range "bytes=0-1,3-4" returns 400':
    "RFC 9110, section 14.2: all of it is allowed",
};
