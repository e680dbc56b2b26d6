import APIServer
import ClusterClient
import Foundation
import Identity
import Logging
import NodeAgent
import ObjectModel
import ServiceLifecycle

/// A node of a cluster whose control plane runs elsewhere: joins, runs its parts, and stops them in order.
struct Agent {
    let server: ServerURL
    let token: String?
    let trust: Trust
    let dataDirectory: String
    let node: Settings.Node
    let isSimulated: Bool
    let address: String
    let serviceCIDR: String
    let logLevel: Logger.Level
    let console: Console

    func run() async throws {
        if !isSimulated { try Prerequisites.check(usesOwnRuntime: node.runtimeEndpoint == nil) }
        try FileLock.checkIsFree("\(dataDirectory)/lock", owner: dataDirectory)
        if !isSimulated {
            try PortCheck.check(NodeStreamingServer.standardPort, on: "0.0.0.0", option: "see whether another node agent runs on this machine")
        }
        let directory = try DataDirectory(dataDirectory)
        let lock = try directory.lock()
        let file = try LogFile(path: directory.log)
        let level = logLevel
        LoggingSystem.bootstrap { FileLog(label: $0, file: file, level: level, echoes: true) }
        let logger = Logger(label: "apus")
        console.say("Logging to \(directory.log)")

        let pki = try PrivateDirectory(directory.file("pki"))
        let join = try await Join.run(pki, node: node.name, server: server, token: token, trust: trust)
        console.step("joined \(server) as \(node.name)")
        let access = NodeAccess(join.transport, authorityPEM: join.authorityPEM) { try await join.serving($0, $1) }
        let renewal = CredentialRenewal([join.renewal], logger: logger, now: Environment.system.now)
        var services: [any Service] = [Component("certificate renewal") { await renewal.run() }]
        if isSimulated {
            services.append(SimulatedComposition.node(node.name, access.node, logger))
            console.step("simulated node \(node.name) starting")
        } else {
            let block = try await NodeClaim(access.node, node).obtain()
            services += try await NodeComposition(
                node: node, podCIDR: block, address: address, serviceCIDR: serviceCIDR, directory: directory, access: access, console: console,
                logger: logger
            )
            .services()
        }
        try await Component.runAll(services, logger)
        join.transport.close()
        console.step("stopped")
        withExtendedLifetime(lock) {}
    }
}
