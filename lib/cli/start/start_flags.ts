/** The flags of `start`. A file of settings (`--config`) has the same names. */
import { INSPECT_MODES, VERIFY_MODES } from "../../transfer/types.ts";
import type { Flags, Values } from "../args/command.ts";
import { list, number, text, toggle, truth } from "../args/flags.ts";
import { LOG_FORMATS } from "../server/server_log.ts";

/** The flags that a file can also set. */
export const SETTING_FLAGS = {
  "host": text("<HOST>", "Address to listen on (default: 127.0.0.1)"),
  "port": number("<PORT>", "Port to listen on, 0 for a free one (default: 9292)", 0),
  "tls-cert": text(
    "<PEM_FILE>",
    "Certificate of the server and the authorities below the root; SIGHUP reads it again (default: no TLS)",
  ),
  "tls-key": text("<PEM_FILE>", "Key of the certificate"),
  "public-endpoint": text(
    "<URL>",
    "URL of this server for links in responses (default: from each request)",
  ),
  "allowed-hosts": list(
    "<HOST>",
    "Host name that requests may name, repeatable; or one of the words any and loopback (default: loopback if --host is a loopback address, else any)",
  ),
  "cors": list(
    "<ORIGIN>",
    "Origin of web pages that may use this server, such as https://horizon.example, repeatable; *: all (default: none)",
  ),
  "cors-max-age": number(
    "<SECONDS>",
    "Time for which browsers may cache a preflight response (default: 600)",
    0,
  ),
  "api-servers": list(
    "<URL>",
    "Glance server, repeatable (default: GLANCE_API_SERVERS, else the service catalog)",
  ),
  "os-cloud": text("<CLOUD>", "Cloud in clouds.yaml (default: OS_CLOUD)"),
  "os-region-name": text("<NAME>", "Region in the service catalog (default: OS_REGION_NAME)"),
  "os-endpoint-type": text(
    "<TYPE>",
    "Interface in the service catalog: public, internal or admin (default: public)",
  ),
  "os-service-type": text("<TYPE>", "Service type in the service catalog (default: image)"),
  "os-cacert": text(
    "<PEM_FILE>",
    "CA certificates of Glance and Keystone (default: OS_CACERT, and those of the runtime)",
  ),
  "os-cert": text("<PEM_FILE>", "Client certificate for Glance and Keystone (default: OS_CERT)"),
  "os-key": text("<PEM_FILE>", "Key of the client certificate (default: OS_KEY)"),
  "service-mode": truth(
    "Use the cloud's credentials for all clients, read-only (default: clients send their own tokens)",
  ),
  "read-write": truth("With --service-mode, allow clients to write, too"),
  "embedded": truth("Serve the embedded Glance even if a cloud is configured"),
  "data": text(
    "<DIR>",
    "Serve the embedded Glance with its images in this directory (default: in memory)",
  ),
  "cache": text(
    "<DIR>",
    "Cache image data in this directory, so that it is read once from the cloud for many readers",
  ),
  "cache-size": text("<SIZE>", "Maximum size of the cache, such as 50GiB (default: 10GiB)"),
  "cache-slot-size": text(
    "<SIZE>",
    "Unit in which data is cached; the directory must be empty if it changes (default: 8MiB)",
  ),
  "cache-authorization-ttl": number(
    "<SECONDS>",
    "Time for which Glance's permission to read an image is cached (default: 5)",
    0,
  ),
  "max-upload-size": text(
    "<SIZE>",
    "Largest upload, such as 100GiB; a larger one is rejected with 413 (default: no limit)",
  ),
  "inspect": text(
    "<HOW>",
    "match: reject uploads that are unsafe or not of the disk format with 415, as Glance does since 2025.1; safe: only unsafe ones; off: none (default: off)",
    { choices: INSPECT_MODES },
  ),
  "verify": text(
    "<HOW>",
    "Hash whole images while they are sent: auto, required or off (default: off)",
    { choices: VERIFY_MODES },
  ),
  "resume": truth("Continue a download from another server if one fails (default: true)"),
  "retries": number("<NUMBER>", "Retries per request, each on the next server (default: 3)", 0),
  "timeout": number("<SECONDS>", "Time until a response of Glance must start (default: 60)"),
  "stall-timeout": number(
    "<SECONDS>",
    "Time without data from Glance after which a download is stalled (default: 30)",
  ),
  "outage-timeout": number(
    "<SECONDS>",
    "Time to keep trying while Keystone or all servers are unavailable (default: 0, a few retries only)",
    0,
  ),
  "hedge-delay": number(
    "<SECONDS>",
    "Time without a response until a request is also sent to a second server; 0 for never (default: 2.5)",
    0,
  ),
  "max-connections": number(
    "<NUMBER>",
    "Connections of clients; fewer if descriptors run out (default: 4000)",
  ),
  "head-timeout": number(
    "<SECONDS>",
    "Time from the first byte of a request to the end of its header fields (default: 30)",
  ),
  "keep-alive-timeout": number(
    "<SECONDS>",
    "Time without a request on a connection; longer than that of a proxy in front (default: 75)",
  ),
  "upload-timeout": number("<SECONDS>", "Time without a byte of an upload (default: 60)"),
  "download-timeout": number(
    "<SECONDS>",
    "Time in which a client reads no byte of a download (default: 900)",
  ),
  "metrics": truth(
    "Serve Prometheus metrics at /metrics (default: only if --host is a loopback address)",
  ),
  "page": truth("Serve a web page to browsers at / (default: true)"),
  "log-format": text(
    "<FORMAT>",
    "json, or text for people (default: text on a terminal, else json)",
    { choices: LOG_FORMATS },
  ),
  "no-log": truth("Do not log requests to standard error"),
  "drain-timeout": number(
    "<SECONDS>",
    "Time for running requests to finish after Ctrl-C or SIGTERM (default: 60)",
    0,
  ),
} as const satisfies Flags;

/** All flags. */
export const START_FLAGS = {
  "config": text("<FILE>", "YAML file with these flags, without dashes; flags override it"),
  ...SETTING_FLAGS,
  "help": toggle("Show this help", { short: "h" }),
} as const satisfies Flags;

/** The values of the flags. */
export type StartValues = Values<typeof START_FLAGS>;
