// Made by "npm run types" from the specification of the service. Do not edit.
export interface paths {
    "/api/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the alerts of all monitors or of one, the newest first, with their deliveries. */
        get: {
            parameters: {
                query?: {
                    kind?: ("worse_than_naive" | "coverage" | "no_rows" | "drift" | "failed_task" | "new_champion" | "trial") | null;
                    monitor?: string | null;
                    page?: number;
                    per_page?: number;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AlertPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/alerts/{alert_id}/send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try the deliveries of an alert that were not accepted again, at once. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    alert_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AlertView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log */
        get: {
            parameters: {
                query?: {
                    end?: number | null;
                    format?: "json" | "csv";
                    kind?: ("sign_in" | "sign_out" | "change" | "delete" | "download") | null;
                    object?: string | null;
                    page?: number;
                    per_page?: number;
                    refused?: boolean;
                    start?: number | null;
                    user?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditPage"];
                        "text/csv": string;
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compare models */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "models": [
                     *         "9b1c2d3e4f5a607183f2a9c0d5b6e47a",
                     *         "0718a9c0d5b6e47a8b1c2d3e4f5a3f2a"
                     *       ],
                     *       "reference": "9b1c2d3e4f5a607183f2a9c0d5b6e47a"
                     *     }
                     */
                    "application/json": components["schemas"]["CompareRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait) */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the datasets, newest first. */
        get: {
            parameters: {
                query?: {
                    deleted?: boolean;
                    order?: "asc" | "desc";
                    page?: number;
                    per_page?: number;
                    search?: string | null;
                    sort?: "created" | "name" | "size";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a dataset with its statistics and its quality report. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a dataset. Its file is kept, and the dataset can be restored. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the texts of a dataset, or how its file is read; the file is then read again. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "unit": "MW",
                     *       "target": [
                     *         "load"
                     *       ],
                     *       "covariates": {
                     *         "temperature": "observed"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DatasetChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description The task that still reads the file after a second, or after Prefer: wait */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/datasets/{dataset_id}/annotations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the annotations of a dataset with all its versions, in the order of time. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Annotations"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Note what happened at a time of the data or over a range, such as a meter that was replaced. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "start": "2026-03-14T08:00",
                     *       "end": "2026-03-14T11:30",
                     *       "text": "Meter replaced."
                     *     }
                     */
                    "application/json": components["schemas"]["AnnotationRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AnnotationView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/annotations/{annotation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete an annotation. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    annotation_id: string;
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the text or the times of an annotation. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    annotation_id: string;
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "end": null,
                     *       "text": "Meter replaced by one of another kind."
                     *     }
                     */
                    "application/json": components["schemas"]["AnnotationChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AnnotationView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/datasets/{dataset_id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The first rows of the file */
        get: {
            parameters: {
                query?: {
                    rows?: number;
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Preview"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted dataset. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add newer rows */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "multipart/form-data": components["schemas"]["RowsRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetVersion"];
                    };
                };
                /** @description The task that still reads the file after a second, or after Prefer: wait */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description File, row, column */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/seasonality": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Average day and week */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Seasonality"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A downsampled channel */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                    end?: string | null;
                    points?: number;
                    start?: string | null;
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Series"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/series-list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The series of a dataset, a page at a time */
        get: {
            parameters: {
                query?: {
                    model?: string | null;
                    order?: "asc" | "desc";
                    page?: number;
                    per_page?: number;
                    points?: number;
                    search?: string | null;
                    sort?: "position" | "channel" | "missing" | "outliers" | "mean" | "mae" | "wql" | "skill";
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SeriesPage"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/split": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How a split falls */
        get: {
            parameters: {
                query?: {
                    context_length?: number | null;
                    horizon?: number | null;
                    test?: number;
                    train?: number;
                    val?: number;
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SplitView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Train several models */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "trainings": [
                     *         {
                     *           "dataset": "3f2a9c0d5b6e47a8b1c2d3e4f5a60718",
                     *           "model": "lstm",
                     *           "horizon": 24,
                     *           "max_epochs": 10,
                     *           "options": {
                     *             "hidden_size": 64
                     *           },
                     *           "seed": 0
                     *         },
                     *         {
                     *           "dataset": "3f2a9c0d5b6e47a8b1c2d3e4f5a60718",
                     *           "model": "lstm",
                     *           "horizon": 24,
                     *           "max_epochs": 10,
                     *           "options": {
                     *             "hidden_size": 64
                     *           },
                     *           "seed": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["GroupRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{group_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the tasks of a group, and the leaderboard of those that have completed. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say whether the database, the broker, a worker and the disk can be used; the status is 503 if one cannot. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description A part does not work */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say that the web process answers; `/api/health` says whether all parts work. A supervisor restarts by this. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Live"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Codes and their words */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Messages"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/metric-specs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics of forecasts */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MetricDescription"][];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics for Prometheus */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The text format of Prometheus */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/model-options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models and their options */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelOptions"][];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/model-options/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Options of a model */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelOptions"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the models, newest first. */
        get: {
            parameters: {
                query?: {
                    dataset?: string | null;
                    deleted?: boolean;
                    kind?: string | null;
                    order?: "asc" | "desc";
                    page?: number;
                    per_page?: number;
                    search?: string | null;
                    sort?: "created" | "name" | "kind" | "validation_relative_wql" | "relative_wql" | "wql" | "sql" | "crps" | "mase" | "mae" | "rmse" | "wape" | "smape" | "mse_scaled" | "mae_scaled" | "bias" | "coverage_50" | "coverage_80" | "coverage_95" | "skill_wql" | "fit_seconds";
                    tag?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a model with its config, its results over all series and its training curve. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a model. Its run folder is kept, and the model can be restored; a run of the command line is hidden. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the name, the notes or the tags of a model, or make it the champion of its dataset. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "name": "LSTM of the winter",
                     *       "notes": "Without holidays.",
                     *       "tags": [
                     *         "winter"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ModelChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelSummary"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/models/{model_id}/calibration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Calibration of a model */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                };
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Calibration"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the run folder as a zip file, without its checkpoints. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A zip file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/zip": string;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Too many reads at once */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/explanation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which inputs a forecast depends on */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelExplanation"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Explain a model */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The task has ended (Prefer: wait) */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/forecasts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A forecast against the truth */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                    index?: number;
                    split?: ("test" | "validation") | null;
                };
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ForecastWindow"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the report of the run, a page that needs no other file. Another language takes about a second. */
        get: {
            parameters: {
                query?: {
                    lang?: "en" | "zh";
                };
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The report of the run, as HTML */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/html": string;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Too many reads at once */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/residuals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Residuals of a model */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                };
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Residuals"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted model. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelSummary"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/scored-period": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The whole scored period */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                };
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ScoredPeriodView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/verdict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the model good? */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Verdict"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the monitors, newest first. */
        get: {
            parameters: {
                query?: {
                    dataset?: string | null;
                    deleted?: boolean;
                    order?: "asc" | "desc";
                    page?: number;
                    per_page?: number;
                    search?: string | null;
                    sort?: "created" | "name";
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Watch a dataset: forecast, store the forecast, score it when the rows arrive, and raise alerts. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "dataset": "3f2a9c0d5b6e47a8b1c2d3e4f5a60718",
                     *       "model": "9b1c2d3e4f5a607183f2a9c0d5b6e47a",
                     *       "schedule": {
                     *         "cron": "0 6 * * *",
                     *         "timezone": "Europe/Berlin"
                     *       },
                     *       "bounds": {
                     *         "worse_days": 3,
                     *         "no_rows_hours": 36
                     *       },
                     *       "retraining": {
                     *         "on_drift": true,
                     *         "promote": "test"
                     *       },
                     *       "receivers": [
                     *         {
                     *           "kind": "webhook",
                     *           "address": "https://chat.example/hook"
                     *         },
                     *         {
                     *           "kind": "mail",
                     *           "address": "forecasts@plant.example",
                     *           "alerts": [
                     *             "drift",
                     *             "no_rows"
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MonitorRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a monitor with its settings, the pooled scores of its recent forecasts, and drift. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a monitor. Its forecasts and scores are kept, and it can be restored. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the settings of a monitor. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "bounds": {
                     *         "window": 56,
                     *         "coverage_low": 0.75
                     *       },
                     *       "enabled": true
                     *     }
                     */
                    "application/json": components["schemas"]["MonitorChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/monitors/{monitor_id}/champion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a model the champion by hand; the former one stays in the history. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "model": "0718a9c0d5b6e47a8b1c2d3e4f5a3f2a"
                     *     }
                     */
                    "application/json": components["schemas"]["ChampionChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/champions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the present champion, the former ones, and the challengers. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ChampionHistory"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/forecasts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the stored forecasts, the last one first. */
        get: {
            parameters: {
                query?: {
                    end?: string | null;
                    page?: number;
                    per_page?: number;
                    start?: string | null;
                };
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StoredForecastPage"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/forecasts/{forecast_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a stored forecast with the forecast of seasonal naive, and the truth as far as it is known. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    forecast_id: string;
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StoredForecastDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/period": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the truth of a channel over the last forecasts, with the newest forecast of each time. */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                    forecasts?: number;
                };
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorPeriod"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted monitor. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Score what can be scored, forecast, and train a challenger if asked to, without waiting for the schedule. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "forecast": true,
                     *       "train": false
                     *     }
                     */
                    "application/json": components["schemas"]["CycleRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Cycle"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/scores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the newest score of each forecast in the order of time: of all channels, of one, or of one step. */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                    end?: string | null;
                    limit?: number;
                    start?: string | null;
                    step?: number | null;
                };
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ScoreSeries"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/monitors/{monitor_id}/trial-alert": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send an alert to all receivers, as a trial. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    monitor_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/predict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forecast
         * @description With `method`, nothing is trained: seasonal naive, or nano as it was pretrained, forecasts a dataset or rows.
         *     With `training`, the best combination so far of a training run that goes on forecasts its data.
         *     With `dry_run`, nothing is forecast: the answer has the commands that do the same.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["PredictRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait), or the answer to a dry run */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"] | components["schemas"]["ForecastDryRun"];
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/read-options": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Options of reading a file */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OptionView"][];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sample-data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a sample dataset */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "domain": "traffic",
                     *       "source": "synthetic",
                     *       "rows": 4320,
                     *       "seed": 0
                     *     }
                     */
                    "application/json": components["schemas"]["SampleRequest"];
                };
            };
            responses: {
                /** @description The same sample was made before */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description The task that still reads the file after a second, or after Prefer: wait */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Sign in */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "name": "anna",
                     *       "password": "three quiet words"
                     *     }
                     */
                    "application/json": components["schemas"]["SignIn"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["SessionView"];
                    };
                };
                /** @description Name or password is wrong */
                401: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Too many attempts */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        /** Sign out */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change the own password */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "old": "three quiet words",
                     *       "new": "four other quiet words"
                     *     }
                     */
                    "application/json": components["schemas"]["PasswordChange"];
                };
            };
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/shares": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List shared links */
        get: {
            parameters: {
                query?: {
                    object?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ShareList"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Share a result */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "kind": "model",
                     *       "object": "9b1c2d3e4f5a607183f2a9c0d5b6e47a",
                     *       "days": 30
                     *     }
                     */
                    "application/json": components["schemas"]["ShareRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewShare"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/shares/{share_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a shared link */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    share_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counts, queues, storage and throughput */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Statistics"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tasks, newest first. */
        get: {
            parameters: {
                query?: {
                    dataset?: string | null;
                    group?: string | null;
                    kind?: ("train" | "predict" | "compare" | "explain" | "read" | "monitor") | null;
                    order?: "asc" | "desc";
                    page?: number;
                    per_page?: number;
                    sort?: "created" | "started" | "finished" | "state" | "kind";
                    state?: ("queued" | "running" | "completed" | "failed" | "cancelled") | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a task: state, progress, result, error, and its log from the position `since` on. */
        get: {
            parameters: {
                query?: {
                    since?: number;
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a task. A queued one is cancelled at once; a running one is asked to stop, and killed if it does not. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events of a task */
        get: {
            parameters: {
                query?: {
                    since?: number;
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Events until the task ends */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": string;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Too many streams */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics of a training so far */
        get: {
            parameters: {
                query?: {
                    since?: number;
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskMetrics"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the result of a completed task; a forecast as rows with quantiles, in JSON or CSV. */
        get: {
            parameters: {
                query?: {
                    format?: "json" | "csv";
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ForecastResult"] | components["schemas"]["ComparisonResult"] | Record<string, never>;
                        "text/csv": string;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description The task has not completed */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Too many reads at once */
                429: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a new task like a failed or cancelled one. A training resumes from its checkpoint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop the search of auto */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description The task has no search that goes on */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel several tasks */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "kind": "train",
                     *       "state": "queued"
                     *     }
                     */
                    "application/json": components["schemas"]["CancelRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CancelledTasks"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tokens */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TokenList"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Make a token */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "name": "anna-laptop"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["NewToken"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a token; requests with it are refused from now on. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/train": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Train a model */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "dataset": "3f2a9c0d5b6e47a8b1c2d3e4f5a60718",
                     *       "model": "lstm",
                     *       "horizon": 24,
                     *       "max_epochs": 10,
                     *       "options": {
                     *         "hidden_size": 64
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["TrainRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait), or the answer to a dry run */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"] | components["schemas"]["DryRun"];
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upload a file */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "multipart/form-data": components["schemas"]["UploadRequest"];
                };
            };
            responses: {
                /** @description The same file was uploaded before */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description The task that still reads the file after a second, or after Prefer: wait */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description File, row, column */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the users with their roles. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserList"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        put?: never;
        /** Add a user. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "name": "anna",
                     *       "role": "editor",
                     *       "password": "three quiet words"
                     *     }
                     */
                    "application/json": components["schemas"]["UserRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserView"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a user with its tokens, sessions and shared links; what it made stays. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the role or the password of a user, who must then sign in again. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    /**
                     * @example {
                     *       "role": "viewer"
                     *     }
                     */
                    "application/json": components["schemas"]["UserChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["UserView"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
                /** @description A problem */
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ProblemDetails"];
                    };
                };
            };
        };
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** AlertPage */
        AlertPage: {
            /** Items */
            items: components["schemas"]["AlertView"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** AlertView */
        AlertView: {
            /** Created */
            created: number;
            /**
             * Data Time
             * @description The time of the data that it is about.
             */
            data_time: string | null;
            /** Deliveries */
            deliveries: components["schemas"]["DeliveryView"][];
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "worse_than_naive" | "coverage" | "no_rows" | "drift" | "failed_task" | "new_champion" | "trial";
            /**
             * Monitor
             * @description An identifier that the service gave.
             */
            monitor: string;
            /** Monitor Name */
            monitor_name: string;
            /**
             * Resolved
             * @description When its condition ended; null for one that lasts or has no end.
             */
            resolved: number | null;
            /** Text */
            text: string;
            text_code: components["schemas"]["TextCode"];
            /** Values */
            values: {
                [key: string]: unknown;
            };
        };
        /**
         * AnnotationChange
         * @description What is left out stays as it is; an `end` of null makes it an annotation of one time.
         */
        AnnotationChange: {
            /**
             * End
             * @default null
             */
            end?: string | null;
            /**
             * Start
             * @default null
             */
            start?: string | null;
            /**
             * Text
             * @default null
             */
            text?: string | null;
        };
        /**
         * AnnotationRequest
         * @description What happened at a time of the data, or over a range of times.
         */
        AnnotationRequest: {
            /**
             * End
             * @description The end of a range; null: one time.
             * @default null
             */
            end?: string | null;
            /**
             * Start
             * @description A time of the data, ISO 8601; a local one if it has no offset.
             */
            start: string;
            /** Text */
            text: string;
        };
        /** Annotations */
        Annotations: {
            /**
             * Items
             * @description In the order of time.
             */
            items: components["schemas"]["AnnotationView"][];
        };
        /** AnnotationView */
        AnnotationView: {
            /** Created */
            created: number;
            /** Created By */
            created_by: string | null;
            /** End */
            end: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Start
             * @description A local time of the data, without an offset.
             */
            start: string;
            /** Text */
            text: string;
        };
        /** AuditPage */
        AuditPage: {
            /** Items */
            items: components["schemas"]["AuditView"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** AuditView */
        AuditView: {
            /** Address */
            address: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "sign_in" | "sign_out" | "change" | "delete" | "download";
            /** Object */
            object: string | null;
            /** Object Name */
            object_name: string | null;
            /**
             * Operation
             * @description A method and a path of the API, or a command.
             */
            operation: string;
            /** Request Id */
            request_id: string | null;
            /** Role */
            role: string | null;
            /** Status */
            status: number;
            /** Time */
            time: number;
            /** User */
            user: string;
        };
        /** Autocorrelation */
        Autocorrelation: {
            /**
             * Bound
             * @description 95 % of the values of white noise lie within plus and minus the bound.
             */
            bound: number | null;
            /**
             * Lags
             * @description In rows.
             */
            lags: number[];
            /** Values */
            values: (number | null)[];
        };
        /** AutoEvaluation */
        AutoEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** AutoOptions */
        AutoOptions: {
            /**
             * Members
             * @description Models that are tried, in this order, each with options of its own if there are any, such as lstm or "lstm hidden_size=64".
             * @default [
             *       "seasonal_naive",
             *       "qwen_patch tune=none name=qwen_patch-untuned",
             *       "linear",
             *       "boosted",
             *       "lstm",
             *       "qwen_patch",
             *       "qwen"
             *     ]
             */
            members?: string[];
            /**
             * Rounds
             * @description Steps of the greedy selection of the weights.
             * @default 40
             */
            rounds?: number;
        };
        /** BoostedEvaluation */
        BoostedEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** BoostedOptions */
        BoostedOptions: {
            /**
             * Base Rows
             * @description Candidate numbers of last rows of the context of which these means are, 0 for the whole context. None tries 0 and the shortest season, or as many rows as the horizon has.
             * @default null
             */
            base_rows?: number[] | null;
            /**
             * Base Seasons
             * @description Candidate seasons, in rows: the target is relative to the mean of the context at the same place in the season, or, for 0, to the mean of the context. None tries 0 and the shortest season.
             * @default null
             */
            base_seasons?: number[] | null;
            /**
             * Covariates
             * @description Which covariates are features: known ones have future values, and ``auto`` reads those that lower the error of small boosted models on validation.
             * @default auto
             * @enum {string}
             */
            covariates?: "auto" | "known" | "all" | "none";
            /**
             * Feature Fraction
             * @description Share of the features that each tree may use.
             * @default 0.7
             */
            feature_fraction?: number;
            /**
             * Learning Rate
             * @description Share of each new tree that is added to the forecast.
             * @default 0.1
             */
            learning_rate?: number;
            /**
             * Max Rounds
             * @description Maximum number of boosting rounds.
             * @default 400
             */
            max_rounds?: number;
            /**
             * Max Rows
             * @description Maximum number of training rows; a larger set of windows is thinned evenly. Validation uses a quarter of it.
             * @default 300000
             */
            max_rows?: number;
            /**
             * Min Data In Leaf
             * @description Minimum number of training rows in a leaf.
             * @default 50
             */
            min_data_in_leaf?: number;
            /**
             * Num Leaves
             * @description Maximum number of leaves of a tree.
             * @default 63
             */
            num_leaves?: number;
            /**
             * Patience
             * @description Boosting stops after this number of rounds without a lower validation error.
             * @default 30
             */
            patience?: number;
            /**
             * Seed
             * @description Random seed of the features that each tree may use, and of the horizon steps in the table.
             * @default 0
             */
            seed?: number;
        };
        /**
         * Bounds
         * @description When a monitor raises alerts.
         */
        Bounds: {
            /**
             * Coverage High
             * @description Alert if they contain a larger one.
             * @default 0.95
             */
            coverage_high?: number;
            /**
             * Coverage Low
             * @description Alert if the 80 % intervals contain a smaller share of the values.
             * @default 0.7
             */
            coverage_low?: number;
            /**
             * No Rows Hours
             * @description Alert if no rows arrive for so many hours; null: no such alert.
             * @default null
             */
            no_rows_hours?: number | null;
            /**
             * Window
             * @description Recent complete forecasts that coverage and drift are computed from.
             * @default 28
             */
            window?: number;
            /**
             * Worse Days
             * @description Alert if the forecasts of so many days have larger errors than seasonal naive.
             * @default 3
             */
            worse_days?: number;
        };
        /** CalendarError */
        CalendarError: {
            /** Bias */
            bias: number | null;
            /** Count */
            count: number;
            /**
             * Key
             * @description Hour of the day, or weekday, where Monday is 0.
             */
            key: number;
            /** Mae */
            mae: number | null;
        };
        /** Calibration */
        Calibration: {
            /** Levels */
            levels: components["schemas"]["IntervalCoverage"][];
            pit: components["schemas"]["PitHistogram"];
            /** Quantiles */
            quantiles: components["schemas"]["QuantileReliability"][];
        };
        /**
         * CancelledTasks
         * @description Identifiers of tasks, by what became of them.
         */
        CancelledTasks: {
            /**
             * Cancelled
             * @description They were queued, and are cancelled.
             */
            cancelled: string[];
            /**
             * Ended
             * @description They had ended before.
             */
            ended: string[];
            /**
             * Stopping
             * @description They run, and are asked to stop.
             */
            stopping: string[];
            /**
             * Unknown
             * @description There is no such task.
             */
            unknown: string[];
        };
        /**
         * CancelRequest
         * @description Which tasks to cancel: those that are named, or all that have not ended and meet every given condition.
         */
        CancelRequest: {
            /**
             * Dataset
             * @default null
             */
            dataset?: string | null;
            /**
             * Group
             * @default null
             */
            group?: string | null;
            /**
             * Kind
             * @default null
             */
            kind?: ("train" | "predict" | "compare" | "explain" | "read") | null;
            /**
             * State
             * @default null
             */
            state?: ("queued" | "running") | null;
            /**
             * Tasks
             * @default null
             */
            tasks?: string[] | null;
        };
        /** ChallengerView */
        ChallengerView: {
            /**
             * Cause
             * @enum {string}
             */
            cause: "schedule" | "drift" | "hand";
            /** Comparison */
            comparison: {
                [key: string]: unknown;
            } | null;
            /** Created */
            created: number;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Model */
            model: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "training" | "promoted" | "rejected" | "waiting" | "failed";
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
            /** Task State */
            task_state: string | null;
        };
        /** ChampionChange */
        ChampionChange: {
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
        };
        /** ChampionHistory */
        ChampionHistory: {
            /**
             * Challengers
             * @description The newest first.
             */
            challengers: components["schemas"]["ChallengerView"][];
            /**
             * Champions
             * @description The present one first.
             */
            champions: components["schemas"]["ChampionView"][];
        };
        /** ChampionView */
        ChampionView: {
            /**
             * Comparison
             * @description The paired test with the former champion.
             */
            comparison: {
                [key: string]: unknown;
            } | null;
            /** Created By */
            created_by: string | null;
            /**
             * First Origin
             * @description Of the forecasts that it made.
             */
            first_origin: string | null;
            /** Last Origin */
            last_origin: string | null;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /** Model Name */
            model_name: string | null;
            /**
             * Reason
             * @enum {string}
             */
            reason: "first" | "test" | "hand";
            /** Since */
            since: number;
            /** Until */
            until: number | null;
        };
        /** ChannelAverage */
        ChannelAverage: {
            /**
             * High
             * @description 90 % quantile.
             */
            high: (number | null)[];
            /**
             * Labels
             * @description Times of day such as 07:00, hours of a week such as Mon 07:00, weekdays, months or quarters.
             */
            labels: string[];
            /**
             * Low
             * @description 10 % quantile.
             */
            low: (number | null)[];
            /** Mean */
            mean: (number | null)[];
        };
        /**
         * CleaningRequest
         * @description What happens to outliers.
         */
        CleaningRequest: {
            /**
             * Outliers
             * @description ``report`` only reports outliers; ``mask`` also makes outliers of the training and validation rows missing.
             * @default report
             * @enum {string}
             */
            outliers?: "report" | "mask";
        };
        /**
         * CodedText
         * @description A sentence in English, with its code.
         */
        CodedText: {
            /** Code */
            code: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /** Text */
            text: string;
        };
        /**
         * Commands
         * @description What does the same on the command line, in Python and with curl.
         */
        Commands: {
            /** Cli */
            cli: string;
            /** Curl */
            curl: string;
            /** Python */
            python: string;
        };
        /** ComparedModel */
        ComparedModel: {
            /** @description null for seasonal naive. */
            cost: components["schemas"]["Cost"] | null;
            /** Kind */
            kind: string;
            /** Metrics */
            metrics: {
                [key: string]: components["schemas"]["Interval"];
            };
            /**
             * Model
             * @description Identifier of the model, or seasonal_naive.
             */
            model: string;
            /** Name */
            name: string;
        };
        /**
         * ComparedPair
         * @description Metric of a minus metric of b on the same windows; negative where a is lower.
         */
        ComparedPair: {
            /** A */
            a: string;
            /** B */
            b: string;
            /** Difference */
            difference: number | null;
            /** High */
            high: number | null;
            /** Low */
            low: number | null;
            /** Metric */
            metric: string;
            /**
             * P Holm
             * @description With the correction of Holm for all pairs of this metric.
             */
            p_holm: number | null;
            /**
             * P Value
             * @description Two-sided p-value of the hypothesis that the two metrics are equal.
             */
            p_value: number | null;
            /**
             * Percent
             * @description The difference in percent of the metric of b.
             */
            percent: number | null;
            /** Percent High */
            percent_high: number | null;
            /** Percent Low */
            percent_low: number | null;
        };
        /** CompareRequest */
        CompareRequest: {
            /** Models */
            models: string[];
            /**
             * Reference
             * @description One of the models; seasonal naive if absent.
             * @default null
             */
            reference?: string | null;
        };
        /**
         * ComparisonResult
         * @description Models are named by their identifier, and seasonal naive by ``seasonal_naive``.
         */
        ComparisonResult: {
            /**
             * By Horizon
             * @description Model to the WQL of each step.
             */
            by_horizon: {
                [key: string]: (number | null)[];
            };
            /** Config Differences */
            config_differences: components["schemas"]["ConfigDifference"][];
            /** Curves */
            curves: {
                [key: string]: components["schemas"]["CurvePoint"][];
            };
            /** Data */
            data: string;
            /** Models */
            models: components["schemas"]["ComparedModel"][];
            /** Notes */
            notes: components["schemas"]["CodedText"][];
            /** Pairs */
            pairs: components["schemas"]["ComparedPair"][];
            /** Reference */
            reference: string;
            /**
             * Window Set
             * @description Hash of the windows.
             */
            window_set: string;
        };
        /** ConfigDifference */
        ConfigDifference: {
            /** Key */
            key: string;
            /**
             * Values
             * @description Model to value.
             */
            values: {
                [key: string]: unknown;
            };
        };
        /** Context */
        Context: {
            /** Time */
            time: string[];
            /** Value */
            value: (number | null)[];
        };
        /**
         * Cost
         * @description What the run cost; the seconds of a stage are None where the stage did not run.
         */
        Cost: {
            /** Calibrate Seconds */
            calibrate_seconds: number | null;
            /** Device */
            device: string;
            /** Fit Seconds */
            fit_seconds: number | null;
            /** Forecasts Per Second */
            forecasts_per_second: number;
            /** Parameters */
            parameters: number;
            /** Peak Memory Mb */
            peak_memory_mb: number;
            /** Test Seconds */
            test_seconds: number;
            /** Threads */
            threads: number;
            /** Trainable Parameters */
            trainable_parameters: number;
        };
        /** CurvePoint */
        CurvePoint: {
            /** Step */
            step: number;
            /** Train Loss */
            train_loss: number | null;
            /**
             * Tuning
             * @description WQL on the tuning windows.
             */
            tuning: number | null;
        };
        /** Cycle */
        Cycle: {
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
        };
        /** CycleRequest */
        CycleRequest: {
            /**
             * Forecast
             * @description Forecast now, unless the champion has forecast these rows.
             * @default true
             */
            forecast?: boolean;
            /**
             * Train
             * @description Train a challenger now.
             * @default false
             */
            train?: boolean;
        };
        /**
         * DataFindingView
         * @description A remark on the data of a dataset.
         */
        DataFindingView: {
            /**
             * Channel
             * @description The channel that the remark is about; null for all, or for several.
             */
            channel: string | null;
            /** Code */
            code: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /**
             * Severity
             * @enum {string}
             */
            severity: "info" | "warning" | "error";
            /** Text */
            text: string;
        };
        /**
         * DatasetChange
         * @description New texts of a dataset, or another reading of its file; null returns to what is inferred.
         */
        DatasetChange: {
            /**
             * Covariates
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Domain
             * @default null
             */
            domain?: ("traffic" | "electricity" | "weather" | "other") | null;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Frequency
             * @default null
             */
            frequency?: string | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Id
             * @default null
             */
            id?: string[] | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Target
             * @default null
             */
            target?: string[] | null;
            /**
             * Time
             * @default null
             */
            time?: string[] | null;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
            /**
             * Unit
             * @default null
             */
            unit?: string | null;
        };
        /** DatasetDetail */
        DatasetDetail: {
            /**
             * Champion
             * @description The preferred model.
             */
            champion: string | null;
            /** Channel Count */
            channel_count: number;
            /** Channels */
            channels: string[];
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /** Deleted */
            deleted: number | null;
            /** End */
            end: string;
            /** File Name */
            file_name: string;
            /**
             * Findings
             * @description What the quality report says, in words.
             */
            findings: components["schemas"]["DataFindingView"][];
            /**
             * First Channels
             * @description Names of the first channels; GET /api/datasets/{id} has all.
             */
            first_channels: string[];
            /** Frequency */
            frequency: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** @description For a small picture; null for a dataset of an earlier version, or without values. */
            line: components["schemas"]["NewestValues"] | null;
            /** Name */
            name: string;
            /**
             * Options
             * @description How the file is read: keys of the config section `data`.
             */
            options: {
                [key: string]: unknown;
            };
            /**
             * Parent
             * @description The dataset that this one extends by newer rows.
             */
            parent: string | null;
            /**
             * Report
             * @description The quality report, as data_report.json of a run.
             */
            report: {
                [key: string]: unknown;
            };
            /** Rows */
            rows: number;
            /**
             * Size
             * @description Bytes of the file.
             */
            size: number;
            /** Start */
            start: string;
            /**
             * Version
             * @description Counts how often newer rows were added.
             */
            version: number;
        };
        /** DatasetPage */
        DatasetPage: {
            /** Items */
            items: components["schemas"]["DatasetSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** DatasetSummary */
        DatasetSummary: {
            /**
             * Champion
             * @description The preferred model.
             */
            champion: string | null;
            /** Channel Count */
            channel_count: number;
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /** Deleted */
            deleted: number | null;
            /** End */
            end: string;
            /** File Name */
            file_name: string;
            /**
             * First Channels
             * @description Names of the first channels; GET /api/datasets/{id} has all.
             */
            first_channels: string[];
            /** Frequency */
            frequency: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** @description For a small picture; null for a dataset of an earlier version, or without values. */
            line: components["schemas"]["NewestValues"] | null;
            /** Name */
            name: string;
            /**
             * Parent
             * @description The dataset that this one extends by newer rows.
             */
            parent: string | null;
            /** Rows */
            rows: number;
            /**
             * Size
             * @description Bytes of the file.
             */
            size: number;
            /** Start */
            start: string;
            /**
             * Version
             * @description Counts how often newer rows were added.
             */
            version: number;
        };
        /** DatasetVersion */
        DatasetVersion: {
            /**
             * Added
             * @description Rows of the new file.
             */
            added: number;
            /**
             * Champion
             * @description The preferred model.
             */
            champion: string | null;
            /** Channel Count */
            channel_count: number;
            /** Channels */
            channels: string[];
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /** Deleted */
            deleted: number | null;
            /** End */
            end: string;
            /** File Name */
            file_name: string;
            /**
             * Findings
             * @description What the quality report says, in words.
             */
            findings: components["schemas"]["DataFindingView"][];
            /**
             * First Channels
             * @description Names of the first channels; GET /api/datasets/{id} has all.
             */
            first_channels: string[];
            /** Frequency */
            frequency: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** @description For a small picture; null for a dataset of an earlier version, or without values. */
            line: components["schemas"]["NewestValues"] | null;
            /** Name */
            name: string;
            /**
             * Options
             * @description How the file is read: keys of the config section `data`.
             */
            options: {
                [key: string]: unknown;
            };
            /**
             * Parent
             * @description The dataset that this one extends by newer rows.
             */
            parent: string | null;
            /**
             * Report
             * @description The quality report, as data_report.json of a run.
             */
            report: {
                [key: string]: unknown;
            };
            /** Rows */
            rows: number;
            /**
             * Size
             * @description Bytes of the file.
             */
            size: number;
            /** Start */
            start: string;
            /**
             * Version
             * @description Counts how often newer rows were added.
             */
            version: number;
        };
        /**
         * DayThroughput
         * @description Tasks that ended on a day of UTC.
         */
        DayThroughput: {
            /** Cancelled */
            cancelled: number;
            /** Completed */
            completed: number;
            /** Date */
            date: string;
            /** Failed */
            failed: number;
        };
        /** DeliveryView */
        DeliveryView: {
            /** Address */
            address: string;
            /** Attempts */
            attempts: number;
            /** Error */
            error: string | null;
            /**
             * Kind
             * @enum {string}
             */
            kind: "webhook" | "mail";
            /** Next Attempt */
            next_attempt: number | null;
            /** Sent */
            sent: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "waiting" | "sending" | "sent" | "failed";
        };
        /** DriftState */
        DriftState: {
            /** Forecasts */
            forecasts: number;
            /** High */
            high: number;
            /** Is Drift */
            is_drift: boolean;
            /** Low */
            low: number;
            /**
             * Metric
             * @description wql or relative_wql.
             */
            metric: string;
            /** P */
            p: number;
            /**
             * Ratio
             * @description Its value for the recent forecasts divided by its value for the test windows.
             */
            ratio: number;
            /** Recent */
            recent: number;
            /** Test */
            test: number;
            /** Test Windows */
            test_windows: number;
        };
        /**
         * DryRun
         * @description A training that would be accepted.
         */
        DryRun: {
            commands: components["schemas"]["Commands"];
            /** Config */
            config: {
                [key: string]: unknown;
            };
            estimate: components["schemas"]["Estimate"];
            /**
             * Valid
             * @constant
             */
            valid: true;
        };
        /** EnsembleEvaluation */
        EnsembleEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** EnsembleOptions */
        EnsembleOptions: {
            /**
             * Members
             * @description Models, each with options of its own if there are any, such as lstm or "lstm hidden_size=64".
             * @default [
             *       "seasonal_naive",
             *       "linear",
             *       "boosted",
             *       "lstm"
             *     ]
             */
            members?: string[];
            /**
             * Rounds
             * @description Steps of the greedy selection; the weights are multiples of 1 divided by at most this number.
             * @default 40
             */
            rounds?: number;
        };
        /**
         * Estimate
         * @description A rough estimate; the fit may end earlier, by early stopping.
         */
        Estimate: {
            /**
             * Memory Mb
             * @description Largest resident memory of the process, in MB of 2**20 bytes.
             */
            memory_mb: number | null;
            /**
             * Parameters
             * @description Of the network; null for a model whose size is not known before.
             */
            parameters: number | null;
            /** Seconds High */
            seconds_high: number | null;
            /** Seconds Low */
            seconds_low: number | null;
            /**
             * Steps
             * @description Optimizer steps of the whole fit; null for a model without them.
             */
            steps: number | null;
        };
        /**
         * ExplainedInput
         * @description What happens when one group of inputs is hidden from the model, or replaced.
         */
        ExplainedInput: {
            /**
             * By Channel
             * @description The same for each forecast channel.
             */
            by_channel: {
                [key: string]: components["schemas"]["ForecastMove"];
            };
            /**
             * Changed
             * @description ``hidden``: the values are missing. ``replaced``: the rows of another time take their place.
             * @enum {string}
             */
            changed: "hidden" | "replaced";
            /** @description WQL on the validation windows without the input, divided by the WQL with it, minus 1; of several channels the geometric mean of the ratios. With its 95 % interval. */
            error_rise: components["schemas"]["Interval"];
            /** @description Of all forecast channels together. */
            forecast: components["schemas"]["ForecastMove"];
            /**
             * Kind
             * @enum {string}
             */
            kind: "context" | "covariate" | "calendar";
            /** Label */
            label: string;
            /**
             * Label Code
             * @description The label as code and params, for other languages.
             */
            label_code: {
                [key: string]: unknown;
            };
            /**
             * Rows
             * @description Rows of the context that are hidden; None for an input that is replaced in all rows.
             */
            rows: number | null;
        };
        /**
         * Explanation
         * @description How much each group of inputs matters to a model.
         */
        Explanation: {
            /**
             * Channels
             * @description Channels that were forecast; at most a quarter of the maximum of `windows`, evenly spaced.
             */
            channels: number;
            /**
             * Covariates Not Read
             * @description Covariates of the data that the model does not read.
             */
            covariates_not_read: string[];
            /** Data */
            data: string;
            /**
             * First Target
             * @description Times of the rows of this forecast, of all series.
             */
            first_target: string;
            /**
             * Forecasts
             * @description Windows that were forecast for all of this.
             */
            forecasts: number;
            /**
             * Inputs
             * @description The largest rise of the error first.
             */
            inputs: components["schemas"]["ExplainedInput"][];
            /**
             * Item
             * @description The data whose forecast was explained.
             */
            item: string;
            /**
             * Last Target
             * @description Times of the rows of this forecast, of all series.
             */
            last_target: string;
            /** Model */
            model: string;
            /**
             * Origins
             * @description Validation windows on which the error was measured, and their distinct origins.
             */
            origins: number;
            /**
             * Seconds
             * @description Wall time of these forecasts.
             */
            seconds: number;
            /**
             * Windows
             * @description Validation windows on which the error was measured, and their distinct origins.
             */
            windows: number;
        };
        /**
         * FailingReceiverView
         * @description A receiver that did not accept the last alert that was sent to it, by any monitor.
         */
        FailingReceiverView: {
            /** Address */
            address: string;
            /**
             * Error
             * @description Why it did not accept the last one.
             */
            error: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "webhook" | "mail";
            /**
             * Since
             * @description When it failed first after it had last accepted an alert.
             */
            since: number;
        };
        /**
         * ForecastDryRun
         * @description A forecast that would be accepted.
         */
        ForecastDryRun: {
            commands: components["schemas"]["Commands"];
        };
        /**
         * ForecastEvent
         * @description What happens, in words, and when; experimental.
         */
        ForecastEvent: {
            /**
             * From
             * @description A local time of the data, or a date, ISO 8601.
             */
            from: string;
            /**
             * Text
             * @description English or Chinese, such as: the road is closed.
             */
            text: string;
            /**
             * To
             * @description Rows before this time belong to the event, and all of the day if it is a date; null: no end.
             * @default null
             */
            to?: string | null;
        };
        /**
         * ForecastItem
         * @description The forecast of one channel of one item, or the reason why an item failed.
         */
        ForecastItem: {
            /** Advice */
            advice: string | null;
            advice_code: components["schemas"]["TextCode"] | null;
            /** Channel */
            channel: string | null;
            /** Dataset */
            dataset: string | null;
            /** Error */
            error: string | null;
            /** @description The error by its code, if it is a text of the library. */
            error_code: components["schemas"]["TextCode"] | null;
            /**
             * Events
             * @description The events of the request as the model reads them; null for a model that reads no events.
             */
            events: components["schemas"]["ReadEvent"][] | null;
            /** @description The recent past. */
            history: components["schemas"]["Context"];
            /**
             * Item
             * @description The data, and the series of data with several.
             */
            item: string | null;
            /**
             * Item Index
             * @description Position of the item in the request, from 0.
             */
            item_index: number;
            /**
             * Item Name
             * @description The name that the request gave the item.
             */
            item_name: string | null;
            /**
             * Known
             * @description The known covariates that the model reads, in the rows of the forecast.
             */
            known: {
                [key: string]: (number | null)[];
            };
            /** Levels */
            levels: number[];
            /**
             * Model
             * @description null for a method without a training.
             */
            model: string | null;
            /** Name */
            name: string | null;
            /** Point */
            point: (number | null)[];
            /**
             * Quantiles
             * @description A row for each level, a column for each step.
             */
            quantiles: (number | null)[][];
            /**
             * Scored
             * @description False for a series that was too short for the model to be scored on it; null without a model or a forecast.
             */
            scored: boolean | null;
            /** Time */
            time: string[];
            /**
             * Truth
             * @description What a back-test hides, or what newer rows have shown since.
             */
            truth: (number | null)[] | null;
            /** Unit */
            unit: string;
        };
        /**
         * ForecastMove
         * @description How a forecast moves, in standard deviations of the channel in the training part.
         */
        ForecastMove: {
            /**
             * Change
             * @description Mean absolute change of the median over the steps. None if there was nothing to replace the input with.
             */
            change: number | null;
            /**
             * Contribution
             * @description Mean over the steps of the median with the input minus the median without it.
             */
            contribution: number | null;
        };
        /** ForecastResult */
        ForecastResult: {
            /** Items */
            items: components["schemas"]["ForecastItem"][];
        };
        /**
         * ForecastSchedule
         * @description When a monitor forecasts.
         */
        ForecastSchedule: {
            /**
             * Cron
             * @description Minute, hour, day, month and weekday; null: whenever rows have arrived.
             * @default null
             */
            cron?: string | null;
            /**
             * Timezone
             * @description Of cron, from the IANA database, such as Europe/Berlin.
             * @default UTC
             */
            timezone?: string;
        };
        /** ForecastSpan */
        ForecastSpan: {
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Last Time */
            last_time: string;
            /** Origin */
            origin: string;
        };
        /** ForecastWindow */
        ForecastWindow: {
            /** Channel */
            channel: string;
            /** Channels */
            channels: string[];
            context: components["schemas"]["Context"];
            /**
             * Context Digits
             * @description The digits of the context, a blank between two values.
             */
            context_digits: string | null;
            /**
             * Count
             * @description Saved windows of the channel.
             */
            count: number;
            /**
             * Digits
             * @description The digits of the first sample paths.
             */
            digits: string[] | null;
            errors: components["schemas"]["WindowErrors"];
            future: components["schemas"]["Future"];
            /** Index */
            index: number;
            /**
             * Origin
             * @description Time of the first forecast row.
             */
            origin: string;
            /**
             * Prompt
             * @description The text that a language model read before the digits.
             */
            prompt: string | null;
            /**
             * Samples
             * @description Sample paths, at most 100.
             */
            samples: (number | null)[][] | null;
            /**
             * Seasonal Naive
             * @description null if the context does not determine it.
             */
            seasonal_naive: (number | null)[] | null;
            /**
             * Step Seconds
             * @description null where steps differ, as months do.
             */
            step_seconds: number | null;
            /** Unit */
            unit: string;
            /**
             * Worst
             * @description Whether it is one of the windows with the largest errors.
             */
            worst: boolean;
        };
        /** Future */
        Future: {
            /**
             * Levels
             * @description The quantile levels.
             */
            levels: number[];
            /** Point */
            point: (number | null)[];
            /**
             * Quantiles
             * @description A row for each level, a column for each step.
             */
            quantiles: (number | null)[][];
            /** Time */
            time: string[];
            /** Truth */
            truth: (number | null)[];
        };
        /** Group */
        Group: {
            /**
             * Best
             * @description The model with the smallest relative WQL on validation so far.
             */
            best: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Leaderboard */
            leaderboard: components["schemas"]["LeaderboardRow"][];
            /**
             * States
             * @description Number of tasks in each state.
             */
            states: {
                [key: string]: number;
            };
            /** Tasks */
            tasks: components["schemas"]["TaskSummary"][];
        };
        /** GroupRequest */
        GroupRequest: {
            /**
             * @description Chooses models, in place of `trainings`.
             * @default null
             */
            preset?: components["schemas"]["PresetRequest"] | null;
            /**
             * Trainings
             * @description A training run each.
             * @default null
             */
            trainings?: components["schemas"]["TrainRequest"][] | null;
        };
        /** Health */
        Health: {
            broker: components["schemas"]["Part"];
            database: components["schemas"]["Part"];
            disk: components["schemas"]["Part"];
            /**
             * Max Upload Megabytes
             * @description Largest file that can be uploaded, in MB of 2**20 bytes.
             */
            max_upload_megabytes: number;
            /** Ready */
            ready: boolean;
            /** Version */
            version: string;
            worker: components["schemas"]["Part"];
        };
        /** Histogram */
        Histogram: {
            /** Counts */
            counts: number[];
            /** Edges */
            edges: number[];
        };
        /**
         * History
         * @description The logged steps of a run.
         */
        History: {
            /**
             * Rows
             * @description Rows of metrics.csv: ``step``, and the columns that have a value, such as ``train/loss`` and ``val/wql``.
             */
            rows: {
                [key: string]: number;
            }[];
        };
        /** HorizonError */
        HorizonError: {
            /** Coverage 80 */
            coverage_80: number | null;
            /** Mae */
            mae: number | null;
            /** Naive Mae */
            naive_mae: number | null;
            /** Naive Wql */
            naive_wql: number | null;
            /** Step */
            step: number;
            /** Wql */
            wql: number | null;
        };
        /**
         * Interval
         * @description A value with its 95 % interval; None where it is not defined or there are too few windows.
         */
        Interval: {
            /** High */
            high: number | null;
            /** Low */
            low: number | null;
            /** Value */
            value: number | null;
        };
        /** IntervalCoverage */
        IntervalCoverage: {
            /** Count */
            count: number;
            /**
             * Nominal
             * @description Nominal coverage of a central interval.
             */
            nominal: number;
            /** Observed */
            observed: number;
        };
        /** LargeError */
        LargeError: {
            /**
             * Index
             * @description The window that forecast it.
             */
            index: number;
            /** Median */
            median: number;
            /** Time */
            time: string;
            /** Truth */
            truth: number;
        };
        /** LeaderboardRow */
        LeaderboardRow: {
            /** Kind */
            kind: string;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /** Name */
            name: string;
            /**
             * Skill Wql
             * @description 1 minus the relative WQL on the test windows.
             */
            skill_wql: number | null;
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
            /** Test Wql */
            test_wql: number | null;
            /**
             * Validation Relative Wql
             * @description Rows are sorted by it; select models by it, not by the test score.
             */
            validation_relative_wql: number | null;
        };
        /** LinearEvaluation */
        LinearEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** LinearOptions */
        LinearOptions: {
            /**
             * Individual
             * @description Fit one map per channel instead of one map for all standardised channels.
             * @default false
             */
            individual?: boolean;
            /**
             * Max Windows
             * @description Maximum number of training windows in the fit; a larger set is thinned evenly.
             * @default 200000
             */
            max_windows?: number;
            /**
             * Penalties
             * @description Candidate penalties, relative to the mean squared input.
             * @default [
             *       0.0001,
             *       0.001,
             *       0.01,
             *       0.1,
             *       1
             *     ]
             */
            penalties?: number[];
            /**
             * Profiles
             * @description Candidate seasons, in rows, for `profile_basis`; 0 reads each value of the context. A seasonal profile needs far fewer parameters. None tries 0 and all seasons that fit into the context at least twice.
             * @default null
             */
            profiles?: number[] | null;
        };
        /** Live */
        Live: {
            /** Version */
            version: string;
        };
        /** LstmEvaluation */
        LstmEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** LstmOptions */
        LstmOptions: {
            /**
             * Calendar
             * @description Calendar fields that the network reads. None selects those that vary at the frequency of the data.
             * @default null
             */
            calendar?: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calendar Size
             * @description Size of the calendar embedding.
             * @default 16
             */
            calendar_size?: number;
            /**
             * Cell
             * @description Kind of the recurrent layers.
             * @default lstm
             * @enum {string}
             */
            cell?: "lstm" | "gru";
            /**
             * Channel Embedding
             * @description Add an embedding of the channel to the input of the decoder. The embeddings of static covariates are always added.
             * @default true
             */
            channel_embedding?: boolean;
            /**
             * Covariates
             * @description Which covariates the network reads: known ones have future values, and ``auto`` reads those that lower the error of small boosted models on validation, observed ones only if they lower it much.
             * @default auto
             * @enum {string}
             */
            covariates?: "auto" | "known" | "all" | "none";
            /**
             * Dropout
             * @description Before the head, and between layers.
             * @default 0.1
             */
            dropout?: number;
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay?: number;
            /**
             * Hidden Size
             * @description Width of the hidden state.
             * @default 128
             */
            hidden_size?: number;
            /**
             * Highway
             * @description Add a linear map of the context to every output (the autoregressive part of LSTNet; Lai et al., 2018).
             * @default true
             */
            highway?: boolean;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.002
             */
            learning_rate?: number;
            /**
             * Linear Blend
             * @description Combine with the forecast of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: the share of the point by the squared error, the share of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend?: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay?: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch?: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``tuning/relative_wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule?: "constant" | "decay" | "plateau";
            /**
             * Members
             * @description Number of networks whose forecasts are averaged.
             * @default 1
             */
            members?: number;
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup?: number;
            /**
             * Normalization
             * @description How each window is normalised by its context; see `timevis.models.direct.InstanceNorm`.
             * @default last
             * @enum {string}
             */
            normalization?: "none" | "last" | "mean_std" | "revin";
            /**
             * Num Layers
             * @description Number of stacked recurrent layers.
             * @default 1
             */
            num_layers?: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point?: "quantiles" | "median" | "head";
            /**
             * Point Loss
             * @description Loss of the separate output, added to the pinball loss with weight `point_weight`.
             * @default mse
             * @enum {string}
             */
            point_loss?: "mse" | "mae" | "huber";
            /**
             * Point Weight
             * @description Weight of the loss of the separate output.
             * @default 1
             */
            point_weight?: number;
            /**
             * Segment Length
             * @description Rows that one recurrent step reads or forecasts.
             * @default 24
             */
            segment_length?: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay?: number;
        };
        /**
         * MailReceiver
         * @description An e-mail address; the server is TIMEVIS_SMTP_URL.
         */
        MailReceiver: {
            /** Address */
            address: string;
            /**
             * Alerts
             * @description Only these kinds of alerts; null: all.
             * @default null
             */
            alerts?: ("worse_than_naive" | "coverage" | "no_rows" | "drift" | "failed_task" | "new_champion" | "trial")[] | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "mail";
        };
        /**
         * Messages
         * @description Code to English template; names in braces are keys of `params`.
         */
        Messages: {
            [key: string]: string;
        };
        /**
         * MetricDescription
         * @description A metric of forecasts, as `timevis.metrics.specs` declares it.
         */
        MetricDescription: {
            /** Description */
            description: string;
            /** @description The description by its code, if it has one. */
            description_code: components["schemas"]["TextCode"] | null;
            /**
             * Direction
             * @description Which values are better.
             * @enum {string}
             */
            direction: "lower" | "higher" | "nominal";
            /** Label */
            label: string;
            /** @description The label by its code; null for a name that is not translated. */
            label_code: components["schemas"]["TextCode"] | null;
            /**
             * Name
             * @description The key in the results of a model.
             */
            name: string;
            /**
             * Nominal
             * @description The best value, if the direction is nominal.
             */
            nominal: number | null;
            /**
             * Scores
             * @description The part of a forecast that it scores.
             * @enum {string}
             */
            scores: "median" | "point" | "quantiles";
            /**
             * Unit
             * @description percent: a share, which is shown in percent.
             * @enum {string}
             */
            unit: "data" | "percent" | "none";
        };
        /** ModelChange */
        ModelChange: {
            /**
             * Champion
             * @description Make it the preferred model of its dataset, or none.
             * @default null
             */
            champion?: boolean | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Notes
             * @default null
             */
            notes?: string | null;
            /**
             * Tags
             * @default null
             */
            tags?: string[] | null;
        };
        /** ModelDetail */
        ModelDetail: {
            /**
             * Champion
             * @description Whether it is the preferred model of its dataset.
             */
            champion: boolean;
            commands: components["schemas"]["Commands"];
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /**
             * Dataset
             * @description Null for a run of the command line whose data cannot be read.
             */
            dataset: string | null;
            /** Deleted */
            deleted: number | null;
            /** @description For a small picture; null for a model of an earlier version, or without saved forecasts. */
            forecast: components["schemas"]["NewestForecast"] | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /** Notes */
            notes: string;
            /** @description Without the results of each series, which GET /api/datasets/{id}/series-list has. */
            results: components["schemas"]["OverallResults"];
            summary: components["schemas"]["ResultsSummary"];
            /** Tags */
            tags: string[];
            /**
             * Task
             * @description Null for a run of the command line.
             */
            task: string | null;
            training: components["schemas"]["History"];
        };
        /**
         * ModelExplanation
         * @description Which inputs a model and its forecast depend on.
         */
        ModelExplanation: {
            /** @description The newest explanation, made by a task or by `timevis explain`; null without one. */
            explanation: components["schemas"]["Explanation"] | null;
        };
        /** ModelOption */
        ModelOption: {
            /**
             * Absent
             * @description Choices that are not on this machine, and the hub id of each.
             */
            absent: {
                [key: string]: string;
            };
            /** Advanced */
            advanced: boolean;
            /** Choices */
            choices: unknown[];
            /** Default */
            default: unknown;
            /** Help */
            help: string;
            /**
             * Kind
             * @description What a value may be, in words.
             */
            kind: string;
            /** Maximum */
            maximum: number | null;
            /** Minimum */
            minimum: number | null;
            /** Name */
            name: string;
            /** Nullable */
            nullable: boolean;
            /**
             * Section
             * @description Options of run and fit are fields of the request; the others stand in a field of this name.
             * @enum {string}
             */
            section: "run" | "fit" | "options" | "backbone" | "prompt" | "lora" | "evaluation";
            /**
             * Type
             * @enum {string}
             */
            type: "int" | "float" | "bool" | "choice" | "text" | "list";
        };
        /** ModelOptions */
        ModelOptions: {
            /**
             * Covariates
             * @description Kinds of covariates that it can read.
             */
            covariates: ("known" | "observed" | "static" | "events")[];
            /** Help */
            help: string;
            /** Model */
            model: string;
            /** Options */
            options: components["schemas"]["ModelOption"][];
            /**
             * Preset Groups
             * @description Presets of POST /api/groups; only auto has any.
             */
            preset_groups: ("quick" | "best")[];
            /**
             * Queue
             * @description gpu: a GPU shortens its training runs.
             * @enum {string}
             */
            queue: "cpu" | "gpu";
            /**
             * Recommended
             * @description Whether a form chooses it where the user has chosen none.
             */
            recommended: boolean;
            /**
             * Seconds Hint
             * @description Median time of recent training runs; null before the first one.
             */
            seconds_hint: number | null;
            /** Title */
            title: string;
            /**
             * Trainable
             * @description Whether it is trained by gradient descent.
             */
            trainable: boolean;
            /** @description How it forecasts without a training run; null if it cannot. */
            untrained: components["schemas"]["UntrainedMethod"] | null;
        };
        /** ModelPage */
        ModelPage: {
            /** Items */
            items: components["schemas"]["ModelSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** ModelSummary */
        ModelSummary: {
            /**
             * Champion
             * @description Whether it is the preferred model of its dataset.
             */
            champion: boolean;
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /**
             * Dataset
             * @description Null for a run of the command line whose data cannot be read.
             */
            dataset: string | null;
            /** Deleted */
            deleted: number | null;
            /** @description For a small picture; null for a model of an earlier version, or without saved forecasts. */
            forecast: components["schemas"]["NewestForecast"] | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /** Notes */
            notes: string;
            summary: components["schemas"]["ResultsSummary"];
            /** Tags */
            tags: string[];
            /**
             * Task
             * @description Null for a run of the command line.
             */
            task: string | null;
        };
        /**
         * MonitorChange
         * @description What is left out stays as it is; an object replaces the whole former one.
         */
        MonitorChange: {
            /** @default null */
            bounds?: components["schemas"]["Bounds"] | null;
            /**
             * Enabled
             * @default null
             */
            enabled?: boolean | null;
            /**
             * Horizon
             * @description Rows of the next forecasts.
             * @default null
             */
            horizon?: number | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Receivers
             * @default null
             */
            receivers?: (components["schemas"]["WebhookReceiver"] | components["schemas"]["MailReceiver"])[] | null;
            /** @default null */
            retraining?: components["schemas"]["Retraining"] | null;
            /** @default null */
            schedule?: components["schemas"]["ForecastSchedule"] | null;
        };
        /** MonitorDetail */
        MonitorDetail: {
            bounds: components["schemas"]["Bounds"];
            /** Coverage 80 */
            coverage_80: number | null;
            /** Created */
            created: number;
            /** Created By */
            created_by: string | null;
            /**
             * Dataset
             * @description The newest version.
             */
            dataset: string;
            /** Dataset Name */
            dataset_name: string | null;
            /** Deleted */
            deleted: number | null;
            /** Enabled */
            enabled: boolean;
            /** Failing Receivers */
            failing_receivers: components["schemas"]["FailingReceiverView"][];
            /**
             * Forecasts
             * @description Recent complete forecasts of the champion, at most bounds.window.
             */
            forecasts: number;
            /** Horizon */
            horizon: number;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Is Drift
             * @description null: there are too few forecasts to say.
             */
            is_drift: boolean | null;
            /**
             * Last Forecast
             * @description When the last forecast was made.
             */
            last_forecast: number | null;
            /**
             * Last Origin
             * @description The first time of the last forecast.
             */
            last_origin: string | null;
            /**
             * Model
             * @description The champion.
             */
            model: string;
            /** Model Name */
            model_name: string | null;
            /** Name */
            name: string;
            /** Next Run */
            next_run: number | null;
            /** Next Training */
            next_training: number | null;
            /**
             * Open Alerts
             * @description Alerts whose condition has not ended.
             */
            open_alerts: number;
            /** Receivers */
            receivers: components["schemas"]["ReceiverView"][];
            /**
             * Recent Relative Wql
             * @description Of each of the last complete forecasts, at most 30, in the order of time.
             */
            recent_relative_wql: (number | null)[];
            /**
             * Relative Wql
             * @description Of these forecasts.
             */
            relative_wql: number | null;
            retraining: components["schemas"]["Retraining"];
            schedule: components["schemas"]["ForecastSchedule"];
            state: components["schemas"]["MonitorState"];
            /**
             * Task
             * @description The last cycle.
             */
            task: string | null;
            /** Task State */
            task_state: string | null;
        };
        /** MonitorPage */
        MonitorPage: {
            /** Items */
            items: components["schemas"]["MonitorSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** MonitorPeriod */
        MonitorPeriod: {
            /** Channel */
            channel: string;
            /** Channels */
            channels: string[];
            /**
             * Forecasts
             * @description In the order of time.
             */
            forecasts: components["schemas"]["ForecastSpan"][];
            /**
             * High
             * @description The 90 % quantile.
             */
            high: (number | null)[];
            /**
             * Low
             * @description The 10 % quantile of the newest forecast of each time.
             */
            low: (number | null)[];
            /** Median */
            median: (number | null)[];
            /**
             * Time
             * @description The times of the forecasts and the known times between and shortly before.
             */
            time: string[];
            /**
             * Truth
             * @description null where it is not known yet.
             */
            truth: (number | null)[];
            /** Unit */
            unit: string;
        };
        /**
         * MonitorRequest
         * @description A dataset to watch.
         */
        MonitorRequest: {
            /**
             * @default {
             *       "window": 28,
             *       "worse_days": 3,
             *       "coverage_low": 0.7,
             *       "coverage_high": 0.95,
             *       "no_rows_hours": null
             *     }
             */
            bounds?: components["schemas"]["Bounds"];
            /**
             * Dataset
             * @description Any version of the dataset; the monitor follows the newest one.
             */
            dataset: string;
            /**
             * Enabled
             * @description Whether it forecasts, scores and raises alerts.
             * @default true
             */
            enabled?: boolean;
            /**
             * Horizon
             * @description Rows of each forecast; null: the horizon of the model.
             * @default null
             */
            horizon?: number | null;
            /**
             * Model
             * @description The champion; null: the one of the dataset.
             * @default null
             */
            model?: string | null;
            /**
             * Name
             * @description null: the name of the dataset.
             * @default null
             */
            name?: string | null;
            /** Receivers */
            receivers?: (components["schemas"]["WebhookReceiver"] | components["schemas"]["MailReceiver"])[];
            /**
             * @default {
             *       "cron": null,
             *       "timezone": "UTC",
             *       "on_drift": false,
             *       "promote": "test",
             *       "training": null
             *     }
             */
            retraining?: components["schemas"]["Retraining"];
            /**
             * @default {
             *       "cron": null,
             *       "timezone": "UTC"
             *     }
             */
            schedule?: components["schemas"]["ForecastSchedule"];
        };
        /** MonitorState */
        MonitorState: {
            /**
             * Drift
             * @description Empty while there are too few forecasts.
             */
            drift?: components["schemas"]["DriftState"][];
            /**
             * First Origin
             * @default null
             */
            first_origin?: string | null;
            /**
             * Forecasts
             * @default 0
             */
            forecasts?: number;
            /**
             * Last Origin
             * @default null
             */
            last_origin?: string | null;
            /**
             * @description The recent complete forecasts of the champion, pooled.
             * @default null
             */
            summary?: components["schemas"]["RecentScores"] | null;
            /**
             * Test
             * @description The metrics of the test of the champion.
             */
            test?: {
                [key: string]: number | null;
            };
        };
        /** MonitorSummary */
        MonitorSummary: {
            /** Coverage 80 */
            coverage_80: number | null;
            /** Created */
            created: number;
            /** Created By */
            created_by: string | null;
            /**
             * Dataset
             * @description The newest version.
             */
            dataset: string;
            /** Dataset Name */
            dataset_name: string | null;
            /** Deleted */
            deleted: number | null;
            /** Enabled */
            enabled: boolean;
            /**
             * Forecasts
             * @description Recent complete forecasts of the champion, at most bounds.window.
             */
            forecasts: number;
            /** Horizon */
            horizon: number;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Is Drift
             * @description null: there are too few forecasts to say.
             */
            is_drift: boolean | null;
            /**
             * Last Forecast
             * @description When the last forecast was made.
             */
            last_forecast: number | null;
            /**
             * Last Origin
             * @description The first time of the last forecast.
             */
            last_origin: string | null;
            /**
             * Model
             * @description The champion.
             */
            model: string;
            /** Model Name */
            model_name: string | null;
            /** Name */
            name: string;
            /** Next Run */
            next_run: number | null;
            /**
             * Open Alerts
             * @description Alerts whose condition has not ended.
             */
            open_alerts: number;
            /**
             * Recent Relative Wql
             * @description Of each of the last complete forecasts, at most 30, in the order of time.
             */
            recent_relative_wql: (number | null)[];
            /**
             * Relative Wql
             * @description Of these forecasts.
             */
            relative_wql: number | null;
            schedule: components["schemas"]["ForecastSchedule"];
            /**
             * Task
             * @description The last cycle.
             */
            task: string | null;
            /** Task State */
            task_state: string | null;
        };
        /**
         * NewestForecast
         * @description Truth and median of the newest forecast rows of the scored period of a run, for one channel.
         */
        NewestForecast: {
            /**
             * Channel
             * @description The first one that has a saved forecast.
             */
            channel: string;
            /**
             * End
             * @description Local times of the first and the last row, ISO 8601.
             */
            end: string;
            /**
             * Median
             * @description Means of equally long stretches; None where there is no value.
             */
            median: (number | null)[];
            /**
             * Start
             * @description Local times of the first and the last row, ISO 8601.
             */
            start: string;
            /**
             * Truth
             * @description Means of equally long stretches; None where there is no value.
             */
            truth: (number | null)[];
        };
        /**
         * NewestValues
         * @description The newest values of the first channel of a dataset.
         */
        NewestValues: {
            /**
             * End
             * @description Local times of the first and the last value, ISO 8601.
             */
            end: string;
            /**
             * Start
             * @description Local times of the first and the last value, ISO 8601.
             */
            start: string;
            /**
             * Values
             * @description Means of equally long stretches; None where all values are missing.
             */
            values: (number | null)[];
        };
        /** NewShare */
        NewShare: {
            /** Created */
            created: number;
            /** Created By */
            created_by: string | null;
            /** Expires */
            expires: number | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "model" | "report" | "comparison";
            /**
             * Object
             * @description An identifier that the service gave.
             */
            object: string;
            /**
             * Path
             * @description The path of the link at this host, with its secret, which cannot be read again.
             */
            path: string;
        };
        /** NewToken */
        NewToken: {
            /** Created */
            created: number;
            /** Name */
            name: string;
            /**
             * Secret
             * @description The token itself, which cannot be read again.
             */
            secret: string;
            /** User */
            user: string;
        };
        /**
         * OptionView
         * @description An option of which a form makes a field.
         */
        OptionView: {
            /** Choices */
            choices: unknown[];
            /** Default */
            default: unknown;
            /** Help */
            help: string;
            /**
             * Kind
             * @description What a value may be, in words.
             */
            kind: string;
            /** Maximum */
            maximum: number | null;
            /** Minimum */
            minimum: number | null;
            /** Name */
            name: string;
            /** Nullable */
            nullable: boolean;
            /**
             * Type
             * @enum {string}
             */
            type: "int" | "float" | "bool" | "choice" | "text" | "list";
        };
        /**
         * OverallResults
         * @description The scores, intervals and costs of a run over all channels, under the same keys for every model.
         */
        OverallResults: {
            /**
             * By Horizon
             * @description For every metric the value of each step.
             */
            by_horizon: {
                [key: string]: (number | null)[];
            };
            cost: components["schemas"]["Cost"];
            /**
             * Coverage 80 From Ties
             * @description The part of ``coverage_80`` that comes from truths equal to an end of the interval.
             */
            coverage_80_from_ties: number | null;
            /**
             * Interval Method
             * @description How the intervals were computed.
             * @default null
             */
            interval_method?: string | null;
            /**
             * Metrics
             * @description Every metric of the model, and of seasonal naive on the same windows.
             */
            metrics: {
                [key: string]: components["schemas"]["Interval"];
            };
            /** Quantile Levels */
            quantile_levels: number[];
            /**
             * @description How the intervals were recalibrated.
             * @default null
             */
            recalibration?: components["schemas"]["Recalibration"] | null;
            /** Run */
            run: components["schemas"]["RescoredRunFacts"] | components["schemas"]["RunFacts"];
            /** Schema Version */
            schema_version: number;
            /**
             * Seasonal Naive
             * @description Every metric of the model, and of seasonal naive on the same windows.
             */
            seasonal_naive: {
                [key: string]: components["schemas"]["Interval"];
            };
            /**
             * Seasonal Naive By Horizon
             * @description For every metric the value of each step.
             */
            seasonal_naive_by_horizon: {
                [key: string]: (number | null)[];
            };
            skill: components["schemas"]["Skill"];
            /**
             * Validation
             * @description Every metric on the validation windows that select models.
             */
            validation: {
                [key: string]: number | null;
            };
            window_set: components["schemas"]["WindowSetFacts"];
        };
        /** Part */
        Part: {
            /**
             * Detail
             * @default
             */
            detail?: string;
            /** Ok */
            ok: boolean;
        };
        /** PasswordChange */
        PasswordChange: {
            /**
             * New
             * Format: password
             */
            new: string;
            /**
             * Old
             * Format: password
             */
            old: string;
        };
        /** PeriodWindow */
        PeriodWindow: {
            /**
             * Index
             * @description Position in time among the saved windows of the channel.
             */
            index: number;
            /**
             * Start
             * @description Time of its first forecast row.
             */
            start: string;
        };
        /** PitHistogram */
        PitHistogram: {
            /** Counts */
            counts: number[];
            /**
             * Density
             * @description 1 in each bin when calibrated.
             */
            density: number[];
            /** Edges */
            edges: number[];
        };
        /**
         * PredictItem
         * @description One forecast. At most one of dataset and values; the data of the model if both are absent.
         */
        PredictItem: {
            /**
             * Dataset
             * @description Another dataset with the same columns.
             * @default null
             */
            dataset?: string | null;
            /**
             * Events
             * @description As of the request.
             * @default null
             */
            events?: components["schemas"]["ForecastEvent"][] | null;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /**
             * Name
             * @description What the result calls the item.
             * @default null
             */
            name?: string | null;
            /**
             * Values
             * @description Rows with the time column and the channels of the model.
             * @default null
             */
            values?: {
                [key: string]: string | number | boolean | null;
            }[] | null;
        };
        /**
         * PredictRequest
         * @description One of `models`, `method`, `training` and `items`. The first two share events, and one of dataset or values.
         */
        PredictRequest: {
            /**
             * Dataset
             * @description Another dataset with the same columns; the model's own if absent.
             * @default null
             */
            dataset?: string | null;
            /**
             * Dry Run
             * @description Check the request, and answer with commands that do the same.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Events
             * @description Events in words that are known ahead of time, in addition to those of a run; read by nano-patch, and by models of its kind that were not tuned. Experimental.
             * @default null
             */
            events?: components["schemas"]["ForecastEvent"][] | null;
            /**
             * Horizon
             * @description Rows, at most as many as the model was trained to forecast, which is the default. A method forecasts any number, by default one that suits the frequency of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Items
             * @default null
             */
            items?: components["schemas"]["PredictItem"][] | null;
            /**
             * Kind
             * @description Forecast the rows after the last value, or the last rows as if they were not known.
             * @default future
             * @enum {string}
             */
            kind?: "future" | "backtest";
            /**
             * Known
             * @description Known covariates in the rows of the forecast in place of the values of the data: name to values, for all series alike; null keeps the value.
             * @default null
             */
            known?: {
                [key: string]: (number | null)[];
            } | null;
            /**
             * Method
             * @description A forecaster that needs no training, in place of models; with dataset or values.
             * @default null
             */
            method?: ("seasonal_naive" | "nano-patch" | "nano") | null;
            /**
             * Models
             * @default null
             */
            models?: string[] | null;
            /**
             * Target
             * @description Channels that method forecasts; all of them if absent.
             * @default null
             */
            target?: string[] | null;
            /**
             * Training
             * @description The task of a training run of auto or ensemble, whose best combination so far forecasts.
             * @default null
             */
            training?: string | null;
            /**
             * Values
             * @description Rows with the time column and the channels of the model.
             * @default null
             */
            values?: {
                [key: string]: string | number | boolean | null;
            }[] | null;
        };
        /**
         * PresetRequest
         * @description Train the best forecaster within a time limit: the model `auto`, which decides which models are tried.
         */
        PresetRequest: {
            /**
             * Context Length
             * @default null
             */
            context_length?: number | null;
            /**
             * Dataset
             * @description An identifier that the service gave.
             */
            dataset: string;
            /**
             * Horizon
             * @default null
             */
            horizon?: number | null;
            /**
             * Minutes
             * @description Another time limit of the run.
             * @default null
             */
            minutes?: number | null;
            /**
             * Name
             * @description quick: within 2 minutes; best: within 10 minutes.
             * @default quick
             * @enum {string}
             */
            name?: "quick" | "best";
            /**
             * Seed
             * @default 0
             */
            seed?: number;
            /**
             * Target
             * @default null
             */
            target?: string[] | null;
        };
        /**
         * Preview
         * @description The first rows of the file.
         */
        Preview: {
            /** Columns */
            columns: components["schemas"]["PreviewColumn"][];
            /** Rows */
            rows: (string | number | boolean | null)[][];
        };
        /** PreviewColumn */
        PreviewColumn: {
            /** Name */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "time" | "id" | "target" | "covariate" | "static" | "unused";
        };
        /**
         * ProblemDetails
         * @description RFC 9457.
         */
        ProblemDetails: {
            /**
             * Advice
             * @default null
             */
            advice?: string | null;
            /**
             * @description The advice by its code, if it has one.
             * @default null
             */
            advice_code?: components["schemas"]["TextCode"] | null;
            /**
             * Code
             * @description The kind of the problem.
             */
            code: string;
            /** Detail */
            detail: string;
            detail_code: components["schemas"]["TextCode"];
            /**
             * Errors
             * @default null
             */
            errors?: components["schemas"]["WrongField"][] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /** QuantileQuantile */
        QuantileQuantile: {
            /**
             * Observed
             * @description Quantiles of the standardised residuals.
             */
            observed: number[];
            /**
             * Theoretical
             * @description Quantiles of the standard normal distribution.
             */
            theoretical: number[];
        };
        /** QuantileReliability */
        QuantileReliability: {
            /** Level */
            level: number;
            /**
             * Observed
             * @description Share of truths at or below the quantile.
             */
            observed: number;
        };
        /** QueueLength */
        QueueLength: {
            /** Queued */
            queued: number;
            /** Running */
            running: number;
        };
        /** QwenBackbone */
        QwenBackbone: {
            /**
             * Dtype
             * @description ``float32``, ``bfloat16``, or ``auto``. ``auto`` is bfloat16 if the processor is fast at it and the model has more than 50 M parameters, otherwise float32.
             * @default auto
             * @enum {string}
             */
            dtype?: "auto" | "float32" | "bfloat16";
            /**
             * Layers
             * @description Use only the first `layers` decoder layers.
             * @default null
             */
            layers?: number | null;
            /**
             * Name
             * @description The language model; nano is part of TimeVis, the others are downloaded.
             * @default nano
             * @enum {string}
             */
            name?: "nano" | "qwen2.5-0.5b" | "qwen3-0.6b";
            /**
             * Pretrained
             * @description False uses the architecture with random weights (drawn with `seed`), for ablations.
             * @default true
             */
            pretrained?: boolean;
            /**
             * Quantization
             * @description ``none``, or ``nf4``: frozen 4-bit weights (QLoRA; Dettmers et al. 2023), which need CUDA and bitsandbytes.
             * @default none
             * @enum {string}
             */
            quantization?: "none" | "nf4";
        };
        /** QwenEvaluation */
        QwenEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** QwenLora */
        QwenLora: {
            /**
             * Alpha
             * @description Scaling: the adapter's output is multiplied by ``alpha / rank``.
             * @default 32
             */
            alpha?: number;
            /**
             * Dora
             * @description Train magnitude and direction of each weight separately (DoRA; Liu et al. 2024, arXiv:2402.09353).
             * @default false
             */
            dora?: boolean;
            /**
             * Dropout
             * @description Dropout probability of the adapter's input.
             * @default 0
             */
            dropout?: number;
            /**
             * Rank
             * @description Rank of the two factors of each adapter.
             * @default 16
             */
            rank?: number;
            /**
             * Rslora
             * @description Scale by ``alpha / sqrt(rank)`` instead (rsLoRA; Kalajdzievski 2023, arXiv:2312.03732).
             * @default false
             */
            rslora?: boolean;
            /**
             * Targets
             * @description Names of linear layers, or ``all-linear``.
             * @default all-linear
             */
            targets?: string | string[];
        };
        /** QwenOptions */
        QwenOptions: {
            /**
             * Bf16
             * @description Train and decode with bfloat16 matrix products on a CPU; ``auto`` does it where the CPU is fast at them.
             * @default auto
             */
            bf16?: boolean | "auto";
            /**
             * Calendar
             * @description Fields of the calendar tables. None takes the fields of the backbone, or minute, hour, weekday and month; an empty list takes none.
             * @default null
             */
            calendar?: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calibrate Temperature
             * @description Fit a temperature for every decimal place on the validation set.
             * @default true
             */
            calibrate_temperature?: boolean;
            /**
             * Calibration Windows
             * @description Approximate number of validation windows for `calibrate`. None takes 256, or 48 for a large backbone.
             * @default null
             */
            calibration_windows?: number | null;
            /**
             * Context Loss Weight
             * @description Weight of the loss of the context's digits.
             * @default 1
             */
            context_loss_weight?: number;
            /**
             * Covariates
             * @description Which covariates the network reads: those whose future values are known, or none; ``auto`` reads them if they lower the error of small boosted models on validation, and the network is trained.
             * @default auto
             * @enum {string}
             */
            covariates?: "auto" | "known" | "none";
            /**
             * Decode
             * @description ``sample``, ``greedy`` or ``median``; see `timevis.models.digits.decoding.decode`.
             * @default sample
             * @enum {string}
             */
            decode?: "sample" | "greedy" | "median";
            /**
             * Decode Batch Size
             * @description Sample paths that are decoded together, at least a window's; with a small backbone on a CPU, by each thread.
             * @default auto
             */
            decode_batch_size?: number | "auto";
            /**
             * Digits
             * @description Digits per value. None takes the number that the backbone was pretrained with, or 3.
             * @default null
             */
            digits?: number | null;
            /**
             * Gradient Checkpointing
             * @description Recompute activations in the backward pass, which saves memory and takes more time.
             * @default false
             */
            gradient_checkpointing?: boolean;
            /**
             * Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            learning_rate?: number;
            /**
             * Num Samples
             * @description Sample paths per window for test and for validation.
             * @default 50
             */
            num_samples?: number;
            /**
             * Number Token Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            number_token_loss_weight?: number;
            /**
             * Ordinal Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            ordinal_loss_weight?: number;
            /**
             * Seed
             * @description Of the sample paths.
             * @default 0
             */
            seed?: number;
            /**
             * Separator
             * @description Text between values; must be one token. None takes the backbone's, or no separator.
             * @default null
             */
            separator?: string | null;
            /**
             * Shuffle Context
             * @description Permute the context of each window at random, for ablations.
             * @default false
             */
            shuffle_context?: boolean;
            /**
             * Table Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            table_learning_rate?: number;
            /**
             * Tune
             * @description Which weights are trained; see `timevis.models.backbone.lora.set_trainable`.
             * @default lora
             * @enum {string}
             */
            tune?: "lora" | "full" | "head" | "none";
            /**
             * Val Samples
             * @description Sample paths per window for test and for validation.
             * @default 20
             */
            val_samples?: number;
            /**
             * Val Windows Per Epoch
             * @description Approximate number of validation windows that are forecast after each epoch; after the fit, all are.
             * @default 40
             */
            val_windows_per_epoch?: number;
            /**
             * Warmup
             * @description Share of the training steps in which the learning rates rise.
             * @default 0.05
             */
            warmup?: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay?: number;
        };
        /** QwenPatchEvaluation */
        QwenPatchEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** QwenPatchLora */
        QwenPatchLora: {
            /**
             * Alpha
             * @description Scaling: the adapter's output is multiplied by ``alpha / rank``.
             * @default 32
             */
            alpha?: number;
            /**
             * Dora
             * @description Train magnitude and direction of each weight separately (DoRA; Liu et al. 2024, arXiv:2402.09353).
             * @default false
             */
            dora?: boolean;
            /**
             * Dropout
             * @description Dropout probability of the adapter's input.
             * @default 0
             */
            dropout?: number;
            /**
             * Rank
             * @description Rank of the two factors of each adapter.
             * @default 16
             */
            rank?: number;
            /**
             * Rslora
             * @description Scale by ``alpha / sqrt(rank)`` instead (rsLoRA; Kalajdzievski 2023, arXiv:2312.03732).
             * @default false
             */
            rslora?: boolean;
            /**
             * Targets
             * @description Names of linear layers, or ``all-linear``.
             * @default all-linear
             */
            targets?: string | string[];
        };
        /** QwenPatchOptions */
        QwenPatchOptions: {
            /**
             * Bf16
             * @description Train and forecast with bfloat16 matrix products on a CPU; ``auto`` does so on a CPU that is fast at them.
             * @default auto
             */
            bf16?: boolean | "auto";
            /**
             * Covariates
             * @description Which covariates the network reads: known ones have future values, and ``auto`` reads those that lower the error of small boosted models on validation, observed ones only if they lower it much. Without fine-tuning it reads none, since the layers that read them are not pretrained.
             * @default auto
             * @enum {string}
             */
            covariates?: "auto" | "known" | "all" | "none";
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay?: number;
            /**
             * Input Learning Rate
             * @description Learning rate of the layers that read covariates and channels, which are not pretrained.
             * @default 0.003
             */
            input_learning_rate?: number;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.001
             */
            learning_rate?: number;
            /**
             * Linear Blend
             * @description Combine with the forecast of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: the share of the point by the squared error, the share of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend?: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay?: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch?: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``tuning/relative_wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule?: "constant" | "decay" | "plateau";
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup?: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point?: "quantiles" | "median" | "head";
            /**
             * Tune
             * @description The parameters that are trained; see `timevis.models.backbone.lora.set_trainable`.
             * @default full
             * @enum {string}
             */
            tune?: "norms" | "lora" | "full" | "none";
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay?: number;
        };
        /** QwenPrompt */
        QwenPrompt: {
            /**
             * Domain
             * @description Domain whose template is used; None takes the domain of the dataset card, or ``generic``.
             * @default null
             */
            domain?: ("traffic" | "electricity" | "weather" | "generic") | null;
            /**
             * Language
             * @description ``en`` or ``zh``.
             * @default en
             * @enum {string}
             */
            language?: "en" | "zh";
            /**
             * Style
             * @description ``short`` lists a few fields; ``prose`` also describes the context in words.
             * @default auto
             * @enum {string}
             */
            style?: "auto" | "short" | "prose";
            /**
             * Text
             * @description A sentence of the user, at most 500 characters. It is tokenised as plain text: names of special tokens in it have no effect.
             * @default
             */
            text?: string;
            /**
             * Variant
             * @description ``template``, or for ablations: ``none``, ``shuffled`` (the same tokens in a fixed random order) or ``wrong_domain`` (the template, unit and channel of another domain).
             * @default template
             * @enum {string}
             */
            variant?: "template" | "none" | "shuffled" | "wrong_domain";
        };
        /**
         * ReadEvent
         * @description An event, and how the model reads its text.
         */
        ReadEvent: {
            /**
             * From
             * @description A local time of the data, or a date, ISO 8601.
             */
            from: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "none" | "closed" | "sensor_off" | "reduction" | "increase" | "factor" | "limit" | "holiday";
            /**
             * Probability
             * @description Of the kind, as the model sees it.
             */
            probability: number;
            /**
             * Rows
             * @description Rows of the forecast that lie in the event.
             */
            rows: number;
            /**
             * Sure
             * @description Whether kind and words are clear; if false, the model may misread the text.
             */
            sure: boolean;
            /**
             * Text
             * @description English or Chinese, such as: the road is closed.
             */
            text: string;
            /**
             * To
             * @description Rows before this time belong to the event, and all of the day if it is a date; null: no end.
             * @default null
             */
            to?: string | null;
            /**
             * Unknown Words
             * @description Words that were in no sentence of its training.
             */
            unknown_words: string[];
            /**
             * Value
             * @description The factor of the kind factor, or the number of the kind limit.
             */
            value: number | null;
        };
        /**
         * Recalibration
         * @description How the intervals of a run were recalibrated, for results.json.
         */
        Recalibration: {
            /**
             * Coverage 80
             * @description Of each method that was compared, the coverage of its 80 % interval on the second half of validation.
             */
            coverage_80: {
                [key: string]: number;
            };
            /**
             * Horizons
             * @description About the number of independent horizons of validation that the intervals were calibrated on; see `timevis.models.conformal.independent_horizons`.
             */
            horizons: number;
            /**
             * Method
             * @enum {string}
             */
            method: "none" | "split" | "online";
            /**
             * Reason
             * @description The config sets the method, or it was selected on validation, or validation has too few windows to select it: then it is ``online``, or ``none`` where they have one or two independent errors.
             * @enum {string}
             */
            reason: "set" | "validation" | "few-windows";
            /**
             * Wql Ratio
             * @description The same for the WQL, divided by the WQL of ``none``; None where this is zero on all channels.
             */
            wql_ratio: {
                [key: string]: number | null;
            };
        };
        /** ReceiverView */
        ReceiverView: {
            /** Address */
            address: string;
            /**
             * Alerts
             * @default null
             */
            alerts?: ("worse_than_naive" | "coverage" | "no_rows" | "drift" | "failed_task" | "new_champion" | "trial")[] | null;
            /**
             * Kind
             * @enum {string}
             */
            kind: "webhook" | "mail";
            /**
             * Secret
             * @description Only in the answer to a request that sets the receivers.
             * @default null
             */
            secret?: string | null;
        };
        /** RecentScores */
        RecentScores: {
            /**
             * By Channel
             * @description Channel to metrics.
             */
            by_channel: {
                [key: string]: {
                    [key: string]: number | null;
                };
            };
            /**
             * By Step
             * @description Metric to its value at each step.
             */
            by_step: {
                [key: string]: (number | null)[];
            };
            /** Metrics */
            metrics: {
                [key: string]: number | null;
            };
        };
        /**
         * RescoredRunFacts
         * @description What was scored again by the model of an earlier run.
         */
        RescoredRunFacts: {
            /** Backbone */
            backbone: {
                [key: string]: unknown;
            } | null;
            /** Covariates Read */
            covariates_read: string[];
            /** Data */
            data: string;
            /** Data Hash */
            data_hash: string;
            /** Description */
            description: {
                [key: string]: unknown;
            };
            /** Domain */
            domain: string;
            /**
             * First Target
             * @description Times of the scored rows.
             */
            first_target: string;
            /** Git Commit */
            git_commit: string | null;
            /**
             * Last Target
             * @description Times of the scored rows.
             */
            last_target: string;
            /** Model */
            model: string;
            /** Numbers Left Out */
            numbers_left_out?: {
                [key: string]: unknown;
            };
            /** Public */
            public: boolean;
            /**
             * Rescored From
             * @description Name of the folder of the earlier run.
             */
            rescored_from: string;
            /** Seed */
            seed: number;
            /**
             * Seen Origins
             * @description Origins in the training and validation rows; None for new data.
             */
            seen_origins: number | null;
            /** Versions */
            versions: {
                [key: string]: string;
            };
        };
        /**
         * Residuals
         * @description Residuals, point forecast minus truth, of the evenly spaced saved windows.
         */
        Residuals: {
            /** @description Along a forecast. */
            autocorrelation: components["schemas"]["Autocorrelation"];
            /** By Horizon */
            by_horizon: components["schemas"]["HorizonError"][];
            /** By Hour */
            by_hour: components["schemas"]["CalendarError"][];
            /** By Weekday */
            by_weekday: components["schemas"]["CalendarError"][];
            /** Count */
            count: number;
            histogram: components["schemas"]["Histogram"];
            /** Mean */
            mean: number | null;
            qq: components["schemas"]["QuantileQuantile"];
            /**
             * Scaled
             * @description Whether they are divided by the training standard deviation of their channel.
             */
            scaled: boolean;
            /** Std */
            std: number | null;
            /** Unit */
            unit: string;
        };
        /**
         * ResultsSummary
         * @description The metrics of the test, of seasonal naive and of validation, and the cost.
         */
        ResultsSummary: {
            cost: components["schemas"]["Cost"];
            /** Data Hash */
            data_hash: string;
            /** Metrics */
            metrics: {
                [key: string]: components["schemas"]["Interval"];
            };
            /** Seasonal Naive */
            seasonal_naive: {
                [key: string]: components["schemas"]["Interval"];
            };
            skill: components["schemas"]["Skill"];
            /** Validation */
            validation: {
                [key: string]: number | null;
            };
            window_set: components["schemas"]["WindowSetSummary"];
        };
        /**
         * Retraining
         * @description When a challenger is trained, and who makes it champion.
         */
        Retraining: {
            /**
             * Cron
             * @description Minute, hour, day, month and weekday; null: not at fixed times.
             * @default null
             */
            cron?: string | null;
            /**
             * On Drift
             * @description Train a challenger when a drift is detected.
             * @default false
             */
            on_drift?: boolean;
            /**
             * Promote
             * @description test: it becomes champion if the paired test says that it is better; hand: never by itself.
             * @default test
             * @enum {string}
             */
            promote?: "test" | "hand";
            /**
             * Timezone
             * @description Of cron.
             * @default UTC
             */
            timezone?: string;
            /**
             * Training
             * @description A body of POST /api/train without a dataset; null: as the champion was trained.
             * @default null
             */
            training?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * RowsRequest
         * @description A file with newer rows and the same columns.
         */
        RowsRequest: {
            /**
             * File
             * Format: binary
             * @description CSV, TSV, XLSX, XLS, JSON or Parquet.
             */
            file: string;
        };
        /**
         * RunFacts
         * @description What was run, and with which code and data.
         */
        RunFacts: {
            /**
             * Backbone
             * @description ``name``, ``parameters``, ``trainable``, ``fingerprint`` and others; None for a model without a backbone.
             */
            backbone: {
                [key: string]: unknown;
            } | null;
            /**
             * Covariates Read
             * @description Names of the covariates that the model reads.
             */
            covariates_read: string[];
            /** Data */
            data: string;
            /** Data Hash */
            data_hash: string;
            /**
             * Description
             * @description What the fitted model says of itself; see `Forecaster.describe`.
             */
            description: {
                [key: string]: unknown;
            };
            /** Domain */
            domain: string;
            /**
             * Git Commit
             * @description With ``+`` if files had changed; None outside a repository.
             */
            git_commit: string | null;
            /** Model */
            model: string;
            /**
             * Numbers Left Out
             * @description Unused text column most of whose cells begin with a number, to the reason: a `Text` as JSON, with ``text``.
             */
            numbers_left_out?: {
                [key: string]: unknown;
            };
            /** Public */
            public: boolean;
            /** Seed */
            seed: number;
            /** Versions */
            versions: {
                [key: string]: string;
            };
        };
        /**
         * SampleRequest
         * @description A sample dataset: real and bundled, or synthetic with typical defects.
         */
        SampleRequest: {
            /**
             * Domain
             * @enum {string}
             */
            domain: "traffic" | "electricity" | "weather";
            /**
             * Rows
             * @description The newest rows; null takes all.
             * @default null
             */
            rows?: number | null;
            /**
             * Seed
             * @default 0
             */
            seed?: number;
            /**
             * Source
             * @default bundled
             * @enum {string}
             */
            source?: "bundled" | "synthetic";
        };
        /** ScoreDetails */
        ScoreDetails: {
            /**
             * By Channel
             * @description Channel to metrics.
             */
            by_channel: {
                [key: string]: {
                    [key: string]: number | null;
                };
            };
            /**
             * By Step
             * @description Metric to its value at each step.
             */
            by_step: {
                [key: string]: (number | null)[];
            };
        };
        /**
         * ScoredPeriodView
         * @description The whole scored period of a channel, forecast by windows that follow each other.
         */
        ScoredPeriodView: {
            /** Channel */
            channel: string;
            /** Channels */
            channels: string[];
            /**
             * High
             * @description 90 % quantile.
             */
            high: (number | null)[];
            /**
             * Largest Errors
             * @description At least a horizon apart, the largest first.
             */
            largest_errors: components["schemas"]["LargeError"][];
            /**
             * Low
             * @description 10 % quantile.
             */
            low: (number | null)[];
            /** Median */
            median: (number | null)[];
            /** Time */
            time: string[];
            /** Truth */
            truth: (number | null)[];
            /** Unit */
            unit: string;
            /** Windows */
            windows: components["schemas"]["PeriodWindow"][];
        };
        /** ScorePoint */
        ScorePoint: {
            /** Complete */
            complete: boolean;
            /**
             * Forecast
             * @description An identifier that the service gave.
             */
            forecast: string;
            /** Last Time */
            last_time: string;
            /** Metrics */
            metrics: {
                [key: string]: number | null;
            };
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /** Origin */
            origin: string;
            /** Targets */
            targets: number;
            /**
             * Version
             * @description The version of the dataset that it was scored with.
             */
            version: string;
        };
        /** ScoreSeries */
        ScoreSeries: {
            /**
             * Items
             * @description In the order of time, each with its newest score.
             */
            items: components["schemas"]["ScorePoint"][];
        };
        /** Seasonality */
        Seasonality: {
            autocorrelation: components["schemas"]["Autocorrelation"];
            average_day: components["schemas"]["ChannelAverage"] | null;
            average_week: components["schemas"]["ChannelAverage"] | null;
            average_year: components["schemas"]["ChannelAverage"] | null;
            /** Channel */
            channel: string;
            /**
             * Season Rows
             * @description Rows of the strongest season; null if none is strong.
             */
            season_rows: number | null;
        };
        /** SeasonalNaiveEvaluation */
        SeasonalNaiveEvaluation: {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all. Of more than 600 series it is lower, so that about 300,000 windows are scored, as many of each series.
             * @default 500
             */
            max_windows?: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 50
             */
            num_samples?: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows?: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split?: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins; null takes about a quarter of the horizon for a short test part, and 1 for others.
             * @default null
             */
            stride?: number | null;
            /**
             * Val Windows
             * @description Maximum number of origins in each half of validation, lower for more than 600 series (about 125,000 windows): the first half selects the best weights, the second compares models.
             * @default 200
             */
            val_windows?: number | null;
        };
        /** SeasonalNaiveOptions */
        SeasonalNaiveOptions: {
            /**
             * Season
             * @description In rows. None selects it.
             * @default null
             */
            season?: number | null;
        };
        /**
         * Series
         * @description A channel in a range, in at most `points` buckets of rows; each row is a bucket if they fit.
         */
        Series: {
            /** Channel */
            channel: string;
            /**
             * High
             * @description Largest value of each bucket.
             */
            high: (number | null)[];
            /**
             * Low
             * @description Smallest value of each bucket.
             */
            low: (number | null)[];
            /**
             * Missing
             * @description The longest missing stretches in the range, in time order.
             */
            missing: components["schemas"]["Stretch"][];
            /** Missing Count */
            missing_count: number;
            /** Outlier Count */
            outlier_count: number;
            /**
             * Outliers
             * @description The first outliers in the range.
             */
            outliers: components["schemas"]["TimedValue"][];
            /**
             * Rows
             * @description Rows in the range.
             */
            rows: number;
            /**
             * Time
             * @description Time of the first row of each bucket.
             */
            time: string[];
            /**
             * Value
             * @description Mean of each bucket; null where it has no value.
             */
            value: (number | null)[];
        };
        /**
         * SeriesItem
         * @description A series with its defects, and with the errors of the model if one was named.
         */
        SeriesItem: {
            /** Channel */
            channel: string;
            /**
             * Line
             * @description Means of equally long stretches from the first to the last value; null where values are missing.
             */
            line: (number | null)[];
            /**
             * Mae
             * @description Mean absolute error in the unit of the series; null without a model.
             */
            mae: number | null;
            /** Max */
            max: number | null;
            /** Mean */
            mean: number | null;
            /** Min */
            min: number | null;
            /** Missing */
            missing: number;
            /**
             * Naive Mae
             * @description MAE of seasonal naive on the same windows.
             */
            naive_mae: number | null;
            /** Observed */
            observed: number;
            /** Outliers */
            outliers: number;
            /**
             * Position
             * @description In the order of the file, from 0 on.
             */
            position: number;
            /**
             * Skill
             * @description 1 minus the WQL divided by the WQL of seasonal naive.
             */
            skill: number | null;
            /**
             * Unit
             * @description Empty if it is not known.
             */
            unit: string;
            /** Wql */
            wql: number | null;
        };
        /** SeriesPage */
        SeriesPage: {
            /** Items */
            items: components["schemas"]["SeriesItem"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /**
         * SessionView
         * @description Who sends the request, and how a browser can sign in.
         */
        SessionView: {
            /**
             * Name
             * @description null: not signed in.
             */
            name: string | null;
            /**
             * Passwords
             * @description Whether a user has a password.
             */
            passwords: boolean;
            /** Role */
            role: ("viewer" | "editor" | "owner") | null;
            /** @description What the shared link opens, of a request below its path. */
            shared: components["schemas"]["SharedObject"] | null;
            /**
             * Users
             * @description Whether there are users besides the owner.
             */
            users: boolean;
            /**
             * Way
             * @description How the request says who sends it.
             */
            way: ("token" | "session" | "proxy" | "link") | null;
        };
        /** SharedObject */
        SharedObject: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "model" | "report" | "comparison";
            /**
             * Object
             * @description An identifier that the service gave.
             */
            object: string;
        };
        /** ShareList */
        ShareList: {
            /** Items */
            items: components["schemas"]["ShareView"][];
        };
        /** ShareRequest */
        ShareRequest: {
            /**
             * Days
             * @description The link expires after so many days; null: never.
             * @default null
             */
            days?: number | null;
            /**
             * Kind
             * @description The results of a model with its report, its report only, or a comparison.
             * @enum {string}
             */
            kind: "model" | "report" | "comparison";
            /**
             * Object
             * @description Identifier of the model, or of the task of the comparison.
             */
            object: string;
        };
        /** ShareView */
        ShareView: {
            /** Created */
            created: number;
            /** Created By */
            created_by: string | null;
            /** Expires */
            expires: number | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "model" | "report" | "comparison";
            /**
             * Object
             * @description An identifier that the service gave.
             */
            object: string;
        };
        /** SignIn */
        SignIn: {
            /** Name */
            name: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /**
         * Skill
         * @description 1 minus the error of the model divided by the error of seasonal naive.
         */
        Skill: {
            mae: components["schemas"]["Interval"];
            wql: components["schemas"]["Interval"];
        };
        /** SplitPart */
        SplitPart: {
            /** End */
            end: string;
            /**
             * Name
             * @enum {string}
             */
            name: "train" | "val" | "test";
            /** Rows */
            rows: number;
            /** Share */
            share: number;
            /** Start */
            start: string;
            /** Windows */
            windows: number;
        };
        /** SplitView */
        SplitView: {
            /** Context Length */
            context_length: number;
            /** Horizon */
            horizon: number;
            /** Parts */
            parts: components["schemas"]["SplitPart"][];
        };
        /** Statistics */
        Statistics: {
            /** Datasets */
            datasets: number;
            /** Models */
            models: number;
            /** Models By Kind */
            models_by_kind: {
                [key: string]: number;
            };
            /**
             * Queue
             * @description Queue to its tasks.
             */
            queue: {
                [key: string]: components["schemas"]["QueueLength"];
            };
            /**
             * Storage
             * @description Bytes of uploads, datasets, runs, results, logs and database.
             */
            storage: {
                [key: string]: number;
            };
            /**
             * Tasks
             * @description Number of tasks in each state.
             */
            tasks: {
                [key: string]: number;
            };
            /**
             * Throughput
             * @description The last 14 days, the newest last.
             */
            throughput: components["schemas"]["DayThroughput"][];
            /** Uploaded Bytes */
            uploaded_bytes: number;
        };
        /** StoredChannel */
        StoredChannel: {
            /** Channel */
            channel: string;
            /** Levels */
            levels: number[];
            /**
             * Naive
             * @description The quantiles of seasonal naive.
             */
            naive: (number | null)[][];
            /** Point */
            point: (number | null)[];
            /**
             * Quantiles
             * @description One list for each level.
             */
            quantiles: (number | null)[][];
            /** Time */
            time: string[];
            /**
             * Truth
             * @description null where it is not known yet.
             */
            truth: (number | null)[];
            /** Unit */
            unit: string;
        };
        /** StoredForecastDetail */
        StoredForecastDetail: {
            /** Channels */
            channels: components["schemas"]["StoredChannel"][];
            /**
             * Complete
             * @description Whether all of its times have passed in the newest scored version.
             */
            complete: boolean;
            /** Created */
            created: number;
            /**
             * Dataset
             * @description The version that it was made from.
             */
            dataset: string;
            details: components["schemas"]["ScoreDetails"] | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Last Time */
            last_time: string;
            /**
             * Metrics
             * @description Of its newest score; null before the first truth.
             */
            metrics: {
                [key: string]: number | null;
            } | null;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /**
             * Origin
             * @description The first time that is forecast.
             */
            origin: string;
        };
        /** StoredForecastPage */
        StoredForecastPage: {
            /** Items */
            items: components["schemas"]["StoredForecastSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** StoredForecastSummary */
        StoredForecastSummary: {
            /**
             * Complete
             * @description Whether all of its times have passed in the newest scored version.
             */
            complete: boolean;
            /** Created */
            created: number;
            /**
             * Dataset
             * @description The version that it was made from.
             */
            dataset: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Last Time */
            last_time: string;
            /**
             * Metrics
             * @description Of its newest score; null before the first truth.
             */
            metrics: {
                [key: string]: number | null;
            } | null;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /**
             * Origin
             * @description The first time that is forecast.
             */
            origin: string;
        };
        /** Stretch */
        Stretch: {
            /**
             * End
             * @description Time of the last missing row.
             */
            end: string;
            /** Rows */
            rows: number;
            /** Start */
            start: string;
        };
        /** TaskDetail */
        TaskDetail: {
            /** Advice */
            advice: string | null;
            advice_code: components["schemas"]["TextCode"] | null;
            /** Attempt */
            attempt: number;
            /**
             * Can Stop
             * @description Whether POST /api/tasks/{id}/stop is possible now.
             */
            can_stop: boolean;
            /** Cancel Requested */
            cancel_requested: boolean;
            /** @description null for the reading of a file. */
            commands: components["schemas"]["Commands"] | null;
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /** Dataset */
            dataset: string | null;
            /**
             * Dataset Name
             * @description The name of the dataset of the request, or of the dataset that all its models share.
             */
            dataset_name: string | null;
            /** Error */
            error: string | null;
            /** @description The error by its code, if it is a text of the library. */
            error_code: components["schemas"]["TextCode"] | null;
            /** Finished */
            finished: number | null;
            /** Group */
            group: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Log
             * @description The log from the position `since` on, at most 64 KiB.
             */
            log: string;
            /** Log Position */
            log_position: number;
            /**
             * Method
             * @description The model of a training, or the method of a forecast without one.
             */
            method: string | null;
            /**
             * Models
             * @description Names of the models that a forecast or a comparison reads.
             */
            models: string[];
            /**
             * Name
             * @description The name that the request gives the model of a training.
             */
            name: string | null;
            /**
             * Progress
             * @description Stage, epoch, step and metrics so far; of an ensemble also `members` and `combination`.
             */
            progress: {
                [key: string]: unknown;
            };
            /**
             * Queue Position
             * @description Tasks that are started before this one, itself included.
             */
            queue_position: number | null;
            /** Request */
            request: {
                [key: string]: unknown;
            };
            /** Result */
            result: {
                [key: string]: unknown;
            };
            /** Retry Of */
            retry_of: string | null;
            /**
             * Seconds Left
             * @description Estimate from the steps so far, of the fit only; for auto and ensemble of the whole run.
             */
            seconds_left: number | null;
            /** @description 1 minus the relative WQL on the test windows, of the model of a completed training, or of the only model that a forecast reads; above 0 it is better than seasonal naive. */
            skill: components["schemas"]["Interval"] | null;
            /** Started */
            started: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
            /**
             * Stop Requested
             * @description Whether its search for better models is to end.
             */
            stop_requested: boolean;
        };
        /** TaskMetrics */
        TaskMetrics: {
            /**
             * Rows
             * @description Rows of metrics.csv: step, and the columns that have a value, such as train/loss and tuning/wql.
             */
            rows: {
                [key: string]: number | null;
            }[];
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
        };
        /** TaskPage */
        TaskPage: {
            /** Items */
            items: components["schemas"]["TaskSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** TaskSummary */
        TaskSummary: {
            /** Advice */
            advice: string | null;
            advice_code: components["schemas"]["TextCode"] | null;
            /** Attempt */
            attempt: number;
            /**
             * Can Stop
             * @description Whether POST /api/tasks/{id}/stop is possible now.
             */
            can_stop: boolean;
            /** Cancel Requested */
            cancel_requested: boolean;
            /** Created */
            created: number;
            /**
             * Created By
             * @description Name of the user who made it.
             */
            created_by: string | null;
            /** Dataset */
            dataset: string | null;
            /**
             * Dataset Name
             * @description The name of the dataset of the request, or of the dataset that all its models share.
             */
            dataset_name: string | null;
            /** Error */
            error: string | null;
            /** @description The error by its code, if it is a text of the library. */
            error_code: components["schemas"]["TextCode"] | null;
            /** Finished */
            finished: number | null;
            /** Group */
            group: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Method
             * @description The model of a training, or the method of a forecast without one.
             */
            method: string | null;
            /**
             * Models
             * @description Names of the models that a forecast or a comparison reads.
             */
            models: string[];
            /**
             * Name
             * @description The name that the request gives the model of a training.
             */
            name: string | null;
            /**
             * Progress
             * @description Stage, epoch, step and metrics so far; of an ensemble also `members` and `combination`.
             */
            progress: {
                [key: string]: unknown;
            };
            /** Retry Of */
            retry_of: string | null;
            /** @description 1 minus the relative WQL on the test windows, of the model of a completed training, or of the only model that a forecast reads; above 0 it is better than seasonal naive. */
            skill: components["schemas"]["Interval"] | null;
            /** Started */
            started: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
            /**
             * Stop Requested
             * @description Whether its search for better models is to end.
             */
            stop_requested: boolean;
        };
        /**
         * TextCode
         * @description A text by its code, which GET /api/messages lists, with the numbers and names in it.
         */
        TextCode: {
            /** Code */
            code: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
        };
        /** TimedValue */
        TimedValue: {
            /** Time */
            time: string;
            /** Value */
            value: number;
        };
        /** TokenList */
        TokenList: {
            /** Items */
            items: components["schemas"]["TokenView"][];
        };
        /** TokenRequest */
        TokenRequest: {
            /** Name */
            name: string;
            /**
             * User
             * @description Only an owner may name another user; null: the own one.
             * @default null
             */
            user?: string | null;
        };
        /** TokenView */
        TokenView: {
            /** Created */
            created: number;
            /** Name */
            name: string;
            /** User */
            user: string;
        };
        /** TrainAuto */
        TrainAuto: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["AutoEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "auto";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["AutoOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 5
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainBoosted */
        TrainBoosted: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["BoostedEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "boosted";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["BoostedOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 5
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainEnsemble */
        TrainEnsemble: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["EnsembleEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "ensemble";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["EnsembleOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 5
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainLinear */
        TrainLinear: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["LinearEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "linear";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["LinearOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 5
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainLstm */
        TrainLstm: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 128
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 512
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["LstmEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default null
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "lstm";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["LstmOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 3
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default 300
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainQwen */
        TrainQwen: {
            /**
             * @description Options of the section backbone.
             * @default null
             */
            backbone?: components["schemas"]["QwenBackbone"] | null;
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 8
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 50
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["QwenEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * @description Options of the section lora.
             * @default null
             */
            lora?: components["schemas"]["QwenLora"] | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 2
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["QwenOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 3
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * @description Options of the section prompt.
             * @default null
             */
            prompt?: components["schemas"]["QwenPrompt"] | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default 250
             */
            val_batch_size?: number | null;
        };
        /** TrainQwenPatch */
        TrainQwenPatch: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["QwenPatchEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * @description Options of the section lora.
             * @default null
             */
            lora?: components["schemas"]["QwenPatchLora"] | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 8
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen_patch";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["QwenPatchOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 3
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default 40
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** TrainRequest */
        TrainRequest: components["schemas"]["TrainSeasonalNaive"] | components["schemas"]["TrainLinear"] | components["schemas"]["TrainBoosted"] | components["schemas"]["TrainEnsemble"] | components["schemas"]["TrainAuto"] | components["schemas"]["TrainLstm"] | components["schemas"]["TrainQwenPatch"] | components["schemas"]["TrainQwen"];
        /** TrainSeasonalNaive */
        TrainSeasonalNaive: {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size?: number;
            /**
             * @description What happens to outliers.
             * @default null
             */
            cleaning?: components["schemas"]["CleaningRequest"] | null;
            /**
             * Conformal
             * @description Conformal recalibration of the intervals: ``split`` learns it from validation windows, ``online`` also from all windows whose targets lie before the origin of the forecast. ``auto`` selects one on validation.
             * @default auto
             * @enum {string}
             */
            conformal?: "auto" | "none" | "split" | "online";
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin; null derives it from frequency and length of the data.
             * @default null
             */
            context_length?: number | null;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates?: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Dry Run
             * @description Only check the request, and estimate time and memory.
             * @default false
             */
            dry_run?: boolean;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size?: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["SeasonalNaiveEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip?: number | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts; null derives it from frequency and length of the data.
             * @default null
             */
            horizon?: number | null;
            /**
             * Max Epochs
             * @description Maximum number of epochs; early stopping may end the fit before.
             * @default 20
             */
            max_epochs?: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps; null repeats it up to 10 times, until the epoch has `steps_per_epoch` steps.
             * @default 1
             */
            min_steps_per_epoch?: number | null;
            /**
             * Minutes
             * @description Longest time of the fit, whose best weights so far are then used; of the whole run for ensemble and for auto, which takes 10 minutes when null.
             * @default null
             */
            minutes?: number | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates.
             * @default null
             */
            missing_values?: string[] | null;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "seasonal_naive";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name?: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["SeasonalNaiveOptions"];
            /**
             * Patience
             * @description Validations without a better ``tuning/relative_wql`` until early stopping.
             * @default 5
             */
            patience?: number;
            /**
             * Preset
             * @description Fewer or more epochs and networks, where the request does not say.
             * @default null
             */
            preset?: ("quick" | "best") | null;
            /**
             * Season
             * @description Rows of one season, for MASE; None takes it from the frequency.
             * @default null
             */
            season?: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed?: number;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split?: (number | string)[];
            /**
             * Split By
             * @description ``series`` splits the series of a long table by shares, or last rows, of its own span, if the spans differ; ``axis`` splits all series at the same times.
             * @default series
             * @enum {string}
             */
            split_by?: "series" | "axis";
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part, or the default of qwen.
             * @default null
             */
            steps_per_epoch?: number | null;
            /**
             * Target
             * @description Columns to forecast; None takes all numeric columns.
             * @default null
             */
            target?: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction?: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size?: number | null;
        };
        /** UntrainedMethod */
        UntrainedMethod: {
            /**
             * Method
             * @description The method of a forecast without a training run.
             */
            method: string;
            /** Title */
            title: string;
        };
        /**
         * UploadRequest
         * @description A file with what is known of its data; the texts fill the prompt of language models.
         */
        UploadRequest: {
            /**
             * Day First
             * @description Whether the day comes first in dates such as 01/02/2020; null finds it from all rows.
             * @default null
             */
            day_first?: boolean | null;
            /**
             * Decimal
             * @description Decimal mark of numbers written as text; null finds it.
             * @default null
             */
            decimal?: ("point" | "comma") | null;
            /**
             * Description
             * @default null
             */
            description?: string | null;
            /**
             * Domain
             * @default null
             */
            domain?: ("traffic" | "electricity" | "weather" | "other") | null;
            /**
             * Duplicates
             * @description How rows with the same time and series are merged; null averages them, and refuses a file with many of them.
             * @default null
             */
            duplicates?: ("mean" | "sum" | "first" | "last") | null;
            /**
             * Encoding
             * @description Encoding of a text file, for example cp1252 or gb18030; null finds it.
             * @default null
             */
            encoding?: string | null;
            /**
             * File
             * Format: binary
             * @description CSV, TSV, XLSX, XLS, JSON or Parquet.
             */
            file: string;
            /**
             * Frequency
             * @description For example h, 15min or D.
             * @default null
             */
            frequency?: string | null;
            /**
             * Header
             * @description Row of the column names in a text file or a sheet, counted from 1; null finds it, also below title rows.
             * @default null
             */
            header?: number | null;
            /**
             * Id
             * @description Series column of a long table.
             * @default null
             */
            id?: string | null;
            /**
             * Missing Values
             * @description Further words and numbers that mark a missing value in cells of targets and covariates. Semicolons separate them.
             * @default null
             */
            missing_values?: string | null;
            /**
             * Name
             * @default null
             */
            name?: string | null;
            /**
             * Sheet
             * @description Sheet of a workbook: a name, or a position counted from 0; null takes the first one with data.
             * @default null
             */
            sheet?: string | number | null;
            /**
             * Time
             * @description Time column; inferred if absent.
             * @default null
             */
            time?: string | null;
            /**
             * Timezone
             * @default null
             */
            timezone?: string | null;
            /**
             * Unit
             * @default null
             */
            unit?: string | null;
        };
        /** UserChange */
        UserChange: {
            /**
             * Password
             * @default null
             */
            password?: string | null;
            /**
             * Role
             * @default null
             */
            role?: ("viewer" | "editor" | "owner") | null;
        };
        /** UserList */
        UserList: {
            /** Items */
            items: components["schemas"]["UserView"][];
        };
        /** UserRequest */
        UserRequest: {
            /** Name */
            name: string;
            /**
             * Password
             * @description null: signs in by a token or the proxy.
             * @default null
             */
            password?: string | null;
            /**
             * Role
             * @default viewer
             * @enum {string}
             */
            role?: "viewer" | "editor" | "owner";
        };
        /** UserView */
        UserView: {
            /** Created */
            created: number;
            /** Has Password */
            has_password: boolean;
            /** Name */
            name: string;
            /**
             * Role
             * @enum {string}
             */
            role: "viewer" | "editor" | "owner";
            /**
             * Tokens
             * @description Names of its tokens.
             */
            tokens: string[];
        };
        /**
         * Verdict
         * @description Whether a model beats seasonal naive, and whether its intervals hold.
         */
        Verdict: {
            /** Code */
            code: string;
            /** Findings */
            findings: components["schemas"]["VerdictFinding"][];
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /**
             * Severity
             * @enum {string}
             */
            severity: "good" | "info" | "warning" | "bad";
            /** Text */
            text: string;
        };
        /**
         * VerdictFinding
         * @description One remark on a run.
         */
        VerdictFinding: {
            /** Code */
            code: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /**
             * Severity
             * @enum {string}
             */
            severity: "good" | "info" | "warning" | "bad";
            /** Text */
            text: string;
        };
        /**
         * WebhookReceiver
         * @description A web address that accepts a signed request for each alert.
         */
        WebhookReceiver: {
            /** Address */
            address: string;
            /**
             * Alerts
             * @description Only these kinds of alerts; null: all.
             * @default null
             */
            alerts?: ("worse_than_naive" | "coverage" | "no_rows" | "drift" | "failed_task" | "new_champion" | "trial")[] | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook";
            /**
             * Secret
             * @description Key of the signature, whsec_ and base64; null: the service makes one.
             * @default null
             */
            secret?: string | null;
        };
        /** WindowErrors */
        WindowErrors: {
            /** Mae */
            mae: number | null;
            /**
             * Naive Mae
             * @description MAE of seasonal naive on this window.
             */
            naive_mae: number | null;
            /** Wql */
            wql: number | null;
        };
        /**
         * WindowSetFacts
         * @description The scored windows.
         */
        WindowSetFacts: {
            /**
             * Borders
             * @description Rows after the training, validation and test part; None if each series has its own.
             */
            borders: number[] | null;
            /** Channels */
            channels: string[];
            /** Context Length */
            context_length: number;
            /** First Origin */
            first_origin: string;
            /** Freq */
            freq: string;
            /**
             * Hash
             * @description Equal for runs that can be compared, if `season` is also equal.
             */
            hash: string;
            /** Horizon */
            horizon: number;
            /** Last Origin */
            last_origin: string;
            /**
             * Origins
             * @description Distinct rows of first targets, and those with an observed target.
             */
            origins: number;
            /**
             * Origins With Truth
             * @description Distinct rows of first targets, and those with an observed target.
             * @default null
             */
            origins_with_truth?: number | null;
            /**
             * Part
             * @enum {string}
             */
            part: "test" | "validation";
            /**
             * Scored Rows
             * @description Rows from the first to the last target of the origins with an observed target.
             */
            scored_rows: number;
            /** Season */
            season: number;
            /**
             * Series
             * @description Number of series, and number of those that are too short for a window.
             * @default null
             */
            series?: number | null;
            /**
             * Series Not Scored
             * @description Number of series, and number of those that are too short for a window.
             * @default null
             */
            series_not_scored?: number | null;
            /**
             * Split By
             * @default null
             */
            split_by?: ("axis" | "series") | null;
            /** Windows */
            windows: number;
            /** Without Truth */
            without_truth: number;
        };
        /**
         * WindowSetSummary
         * @description The windows that a model was scored on; models with the same hash can be compared.
         */
        WindowSetSummary: {
            /** Context Length */
            context_length: number;
            /** Hash */
            hash: string;
            /** Horizon */
            horizon: number;
            /** Windows */
            windows: number;
        };
        /**
         * WrongField
         * @description A field of the request, and what is wrong with it.
         */
        WrongField: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /** Params */
            params: {
                [key: string]: unknown;
            };
            /**
             * Pointer
             * @description JSON pointer of the field.
             */
            pointer: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
