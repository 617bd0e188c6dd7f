/**
 * Code that is imported on demand elsewhere. A server loads it at the start: when a request needs it, there may be
 * no free descriptor to read it with.
 */
import "../../api/on_demand/operation_hints.ts";
import "../../auth/on_demand/catalog_servers.ts";
import "../../auth/on_demand/keystone_outage.ts";
import "../../http/on_demand/error_texts.ts";
import "../../http/on_demand/hedging.ts";
import "../../http/on_demand/outage.ts";
import "../../http/on_demand/redirects.ts";
import "../../http/on_demand/stream_blob.ts";
import "../../router/on_demand/cors_headers.ts";
import "../../router/on_demand/error_formats.ts";
import "../../router/on_demand/refuse_unsafe.ts";
import "../../router/on_demand/metric_counters.ts";
import "../../router/on_demand/trace_code.ts";
import "../../router/on_demand/versions_body.ts";
import "../../transfer/download/multipart.ts";
import "../../transfer/race/body_race.ts";
import "../../transfer/rarely_used.ts";
